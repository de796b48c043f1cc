-- The number of storefronts at the end of each month, by the filters of the dashboards. Each counts once a month; months are never summed.
select
    month_start,
    region_code,
    storefront_type,
    platform_code,
    is_active,
    is_scanned,
    count(*) as storefront_count
from {{ ref('fct_storefront_monthly') }}
group by all
