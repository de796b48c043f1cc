{#-
    Connected components without recursion. `members` has (submission_id, group_id): submissions that share a group belong together,
    and every submission has a group of its own. Each round gives every group the smallest label of its members, and every member the
    smallest label of its groups; so a label moves one group further in each round. `tests/assert_links_are_closed.sql` proves that the
    rounds suffice.
    Leaves the CTE `<prefix>_<rounds>` (submission_id, label).
-#}
{% macro propagate_least_label(members, rounds, prefix) -%}
{{ prefix }}_0 as (
    select distinct submission_id, submission_id as label
    from {{ members }}
)
{%- for n in range(1, rounds + 1) %},

{{ prefix }}_groups_{{ n }} as (
    select members.group_id, min(labels.label) as label
    from {{ members }} as members
    inner join {{ prefix }}_{{ n - 1 }} as labels on members.submission_id = labels.submission_id
    group by members.group_id
),

{{ prefix }}_{{ n }} as (
    select members.submission_id, min(labels.label) as label
    from {{ members }} as members
    inner join {{ prefix }}_groups_{{ n }} as labels on members.group_id = labels.group_id
    group by members.submission_id
)
{%- endfor %}
{%- endmacro %}
