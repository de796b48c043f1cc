-- How many storefronts there are at each month's end, by what dashboards ask for. Each counts once in a month; months are never added up.
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
