{#-
    One query per table for its grain and its references: the key is never null and never twice, and every code that is
    there is in the table it refers to. `refers`: column, to (model), field (default: the same name). `may_be_null`: of the key.
-#}
{% test grain(model, key, refers=[], may_be_null=[]) %}
select 'key ' || cast(count(*) as {{ dbt.type_string() }}) as problem, cast({{ key[0] }} as {{ dbt.type_string() }}) as example
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1 or {% for column in key | reject('in', may_be_null) %}{{ column }} is null{% if not loop.last %} or {% endif %}{% endfor %}
{%- for reference in refers %}
union all
select distinct '{{ reference.column }} not in {{ reference.to }}', cast({{ reference.column }} as {{ dbt.type_string() }})
from {{ model }}
where {{ reference.column }} is not null
    and {{ reference.column }} not in (select {{ reference.field or reference.column }} from {{ ref(reference.to) }})
{%- endfor %}
{% endtest %}
