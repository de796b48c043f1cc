with

ranked as (
    select *, row_number() over (partition by action_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__guidance_actions') }}
)

select action_no, action_type, acted_on, platform_code, region_code, org_code, rectify_due_on, rectified_on
from ranked
where nth = 1
