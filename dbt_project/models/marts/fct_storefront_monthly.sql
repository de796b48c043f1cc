-- Storefront × month that has ended as of the data: the state on the month's last day.
with

months as (
    select max(date_on) as month_end
    from {{ ref('dim_date') }}
    where date_on <= (select as_of_date from {{ ref('int_as_of') }})
        and date_on >= (select min(valid_from) from {{ ref('dim_storefront') }})
    group by month_start
),

complete as (
    select cast(date_trunc('month', month_end) as date) as month_start, month_end
    from months
    where {{ add_days('month_end', 1) }} = cast(date_trunc('month', {{ add_days('month_end', 1) }}) as date)
),

covered as (
    select distinct platform_code, platform_shop_id, cast(date_trunc('month', scanned_at) as date) as month_start
    from {{ ref('stg_third_party__coverage') }}
    where platform_shop_id is not null
),

scanned as (
    select storefront_id, cast(date_trunc('month', scanned_at) as date) as month_start
    from {{ ref('stg_five_level__scans') }}
    union
    select distinct storefront_id, cast(date_trunc('month', last_scanned_on) as date) as month_start
    from {{ ref('stg_five_level__storefronts') }}
    where last_scanned_on is not null
    union
    select storefronts.storefront_id, covered.month_start
    from covered
    inner join {{ ref('dim_storefront') }} as storefronts
        on covered.platform_code = storefronts.platform_code and covered.platform_shop_id = storefronts.platform_shop_id
)

select
    storefronts.storefront_key,
    complete.month_start,
    storefronts.storefront_type,
    storefronts.platform_code,
    storefronts.operator_key,
    storefronts.region_code,
    storefronts.status = 'ACTIVE' as is_active,
    scanned.storefront_id is not null as is_scanned,
    storefronts.is_trading,
    storefronts.business_licence_displayed,
    storefronts.permit_displayed
from complete
inner join {{ ref('dim_storefront') }} as storefronts
    on complete.month_end >= storefronts.valid_from
        and (storefronts.valid_to is null or complete.month_end < storefronts.valid_to)
left join scanned
    on storefronts.storefront_id = scanned.storefront_id and complete.month_start = scanned.month_start
