with

ranked as (
    select *, row_number() over (partition by task_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_five_level__monitoring_tasks') }}
)

select task_no, task_name, task_type, issued_by_org, keywords, platform_codes, category_codes, starts_on, ends_on
from ranked
where nth = 1
