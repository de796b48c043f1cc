{{ config(materialized=written_at_publication()) }}
-- no database name here: DuckDB would store it in the view, and the file may be attached under another name
select
    {{ stable_key(['states.storefront_id']) }} as storefront_key,
    states.storefront_id,
    states.version_no,
    states.storefront_type,
    states.storefront_name,
    states.platform_code,
    states.platform_shop_id,
    states.url_canonical,
    states.icp_root,
    states.operator_key,
    states.licence_no,
    {{ licence_invalid_reason('states.licence_no') }} as licence_invalid_reason,
    coalesce(
        actual.current_region_code, registered.current_region_code, states.business_region_code, states.region_code
    ) as region_code,
    coalesce(registered.current_region_code, states.region_code) as registered_region_code,
    states.category_code,
    states.is_trading,
    states.business_licence_displayed,
    states.permit_displayed,
    states.status,
    states.valid_from,
    states.valid_to,
    states.valid_to is null as is_current
from {{ ref('int_storefront_state').include(database=false) }} as states
left join {{ ref('seed_region').include(database=false) }} as actual on states.business_region_code = actual.region_code
left join {{ ref('seed_region').include(database=false) }} as registered on states.region_code = registered.region_code
