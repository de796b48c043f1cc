with

rows_of_start as (
    select
        found.*,
        row_number() over (
            partition by found.storefront_id, found._business_date order by {{ latest_first("found") }}
        ) as nth
    from {{ ref('stg_five_level__storefronts') }} as found
    inner join {{ ref('int_storefront_version') }} as versions
        on found.storefront_id = versions.storefront_id and found._business_date = versions.valid_from
),

identified as (
    select *, {{ uscc_normalised('uscc') }} as uscc_normalised
    from rows_of_start
    where nth = 1
)

select
    {{ stable_key(['versions.storefront_id']) }} as storefront_key,
    versions.storefront_id,
    versions.version_no,
    found.storefront_type,
    found.storefront_name,
    found.platform_code,
    found.platform_shop_id,
    {{ url_canonical('found.url') }} as url_canonical,
    {{ icp_root('found.icp_no') }} as icp_root,
    {{ operator_key('found') }} as operator_key,
    found.licence_no,
    coalesce(actual.current_region_code, registered.current_region_code, found.business_region_code, found.region_code) as region_code,
    coalesce(registered.current_region_code, found.region_code) as registered_region_code,
    found.category_code,
    found.is_trading,
    found.business_licence_displayed,
    found.permit_displayed,
    found.status,
    versions.valid_from,
    versions.valid_to,
    versions.valid_to is null as is_current
from {{ ref('int_storefront_version') }} as versions
inner join identified as found
    on versions.storefront_id = found.storefront_id and versions.valid_from = found._business_date
left join {{ ref('seed_region') }} as actual on found.business_region_code = actual.region_code
left join {{ ref('seed_region') }} as registered on found.region_code = registered.region_code
