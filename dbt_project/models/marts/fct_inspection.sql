with

ranked as (
    select *, row_number() over (partition by inspection_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__inspections') }}
)

select
    ranked.inspection_no,
    ranked.inspected_on,
    ranked.mode as inspection_mode,
    ranked.object_type,
    case when ranked.storefront_id is not null then {{ stable_key(['ranked.storefront_id']) }} end as storefront_key,
    ranked.platform_code,
    {{ todays_region('regions', 'ranked.region_code') }} as region_code,
    ranked.result as inspection_result,
    ranked.task_no,
    ranked.item_count
from ranked
left join {{ ref('seed_region') }} as regions on ranked.region_code = regions.region_code
where ranked.nth = 1
