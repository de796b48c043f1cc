-- The months in which a storefront was scanned, according to its own rows, the system's scans, or a provider.
with

covered as (
    select distinct platform_code, platform_shop_id, cast(date_trunc('month', scanned_at) as date) as month_start
    from {{ ref('stg_third_party__coverage') }}
    where platform_shop_id is not null
),

scans as (
    select storefront_id, month_start
    from {{ ref('int_storefront_last_scanned') }}
    where month_start is not null
    union all
    select storefront_id, cast(date_trunc('month', scanned_at) as date)
    from {{ ref('stg_five_level__scans') }}
    union all
    select storefronts.storefront_id, covered.month_start
    from covered
    inner join {{ ref('dim_storefront') }} as storefronts
        on covered.platform_code = storefronts.platform_code and covered.platform_shop_id = storefronts.platform_shop_id
)

select distinct storefront_id, month_start
from scans
