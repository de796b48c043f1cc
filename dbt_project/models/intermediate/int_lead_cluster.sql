-- Connected submissions, identified by the smallest label; `tests/assert_links_are_closed.sql` proves that the rounds suffice.
with

members as (
    select submission_key as submission_id, group_id
    from {{ ref('int_lead_link') }}
),

{{ propagate_least_label('members', var('link_rounds'), 'labels') }},

shared as (
    select group_id
    from members
    group by group_id
    having count(*) > 1
),

rules as (
    select links.submission_key, min_by(links.match_rule, links.rule_rank) as match_rule
    from {{ ref('int_lead_link') }} as links
    inner join shared on links.group_id = shared.group_id
    group by links.submission_key
)

select
    labels.submission_id as submission_key,
    labels.label,
    rules.match_rule
from labels_{{ var('link_rounds') }} as labels
left join rules on labels.submission_id = rules.submission_key
