-- The months in which a storefront was scanned, as sets: by its own account, and by the system or a provider.
with

covered as (
    select distinct platform_code, platform_shop_id, cast(date_trunc('month', scanned_at) as date) as month_start
    from {{ ref('stg_third_party__coverage') }}
    where platform_shop_id is not null
),

scans as (
    select storefront_id, cast(date_trunc('month', scanned_at) as date) as month_start
    from {{ ref('stg_five_level__scans') }}
    union all
    select storefronts.storefront_id, covered.month_start
    from covered
    inner join {{ ref('dim_storefront') }} as storefronts
        on covered.platform_code = storefronts.platform_code and covered.platform_shop_id = storefronts.platform_shop_id
),

seen as (
    select storefront_id, {{ set_of('month_start') }} as months
    from scans
    group by storefront_id
)

select
    coalesce(own.storefront_id, seen.storefront_id) as storefront_id,
    own.months as own_months,
    seen.months as seen_months
from {{ ref('int_storefront_last_scanned') }} as own
full join seen on own.storefront_id = seen.storefront_id
