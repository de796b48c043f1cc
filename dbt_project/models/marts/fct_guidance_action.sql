with

ranked as (
    select *, row_number() over (partition by action_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__guidance_actions') }}
)

select
    ranked.action_no,
    ranked.action_type,
    ranked.acted_on,
    ranked.platform_code,
    {{ todays_region('regions', 'ranked.region_code') }} as region_code,
    ranked.org_code,
    ranked.rectify_due_on,
    ranked.rectified_on
from ranked
left join {{ ref('seed_region') }} as regions on ranked.region_code = regions.region_code
where ranked.nth = 1
