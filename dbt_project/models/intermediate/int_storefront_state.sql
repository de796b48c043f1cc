-- Each version of a storefront with the row that began it.
with

rows_of_start as (
    select
        found.*,
        versions.version_no,
        versions.valid_from,
        versions.valid_to,
        row_number() over (
            partition by found.storefront_id, found._business_date order by {{ latest_first('found') }}
        ) as nth
    from {{ ref('stg_five_level__storefronts') }} as found
    inner join {{ ref('int_storefront_version') }} as versions
        on found.storefront_id = versions.storefront_id and found._business_date = versions.valid_from
)

select
    storefront_id,
    version_no,
    valid_from,
    valid_to,
    storefront_type,
    storefront_name,
    platform_code,
    platform_shop_id,
    {{ url_canonical('url') }} as url_canonical,
    {{ icp_root('icp_no') }} as icp_root,
    operator_name,
    operator_kind,
    {{ uscc_normalised('uscc') }} as uscc_normalised,
    {{ licence_normalised('licence_no') }} as licence_no,
    region_code,
    business_region_code,
    category_code,
    is_trading,
    business_licence_displayed,
    permit_displayed,
    status
from rows_of_start
where nth = 1
