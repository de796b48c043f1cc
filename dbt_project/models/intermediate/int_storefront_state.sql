-- Each version of a storefront with the values of the row that began it. Kept between builds like the versions.
{{ config(materialized=kept_by_row(), pre_hook="{{ forget_changed_storefronts() }}") }}
{#- outside of any condition, so that dbt sees the dependency while it parses -#}
{%- set changed = changed_storefronts() %}
with

versions as (
    select found.*
    from {{ ref('int_storefront_version') }} as found
    {%- if is_incremental() %}
    -- a full build needs all storefronts; joining with all of them would only cost memory
    inner join ({{ changed }}) as changed on found.storefront_id = changed.storefront_id
    {%- endif %}
),

states as (
    select
        found.storefront_id,
        versions.signature,
        versions.version_no,
        versions.valid_from,
        versions.valid_to,
        found.storefront_type,
        found.storefront_name,
        found.platform_code,
        found.platform_shop_id,
        {{ url_canonical('found.url') }} as url_canonical,
        {{ icp_root('found.icp_no') }} as icp_root,
        found.operator_name,
        found.operator_kind,
        {{ uscc_normalised('found.uscc') }} as uscc_normalised,
        {{ licence_normalised('found.licence_no') }} as licence_no,
        found.region_code,
        found.business_region_code,
        found.category_code,
        found.is_trading,
        found.business_licence_displayed,
        found.permit_displayed,
        found.status
    from {{ ref('stg_five_level__storefronts') }} as found
    inner join versions
        on {{ row_fingerprint(row_identity('found')) }} = versions.row_identity and found.storefront_id = versions.storefront_id
),

-- the expensive values are computed once for each version, not in every build
judged as (
    select states.*, {{ uscc_is_valid('uscc_normalised') }} as is_uscc_valid
    from states
)

select judged.*, {{ operator_key('judged') }} as operator_key
from judged
