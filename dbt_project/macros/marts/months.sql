{#- The columns of `fct_storefront_monthly`. -#}
{% macro storefront_month_facts() -%}
    {{ return([
        'storefront_key', 'month_start', 'storefront_type', 'platform_code', 'operator_key', 'region_code', 'is_active', 'is_scanned',
        'is_trading', 'business_licence_displayed', 'permit_displayed',
    ]) }}
{%- endmacro %}

{#- The facts of the months in a CTE (`month_start`, `month_end`): each storefront as it was on the last day. -#}
{% macro storefront_months(months) -%}
    select
        {{ months }}.month_end,
        {{ months }}.month_start,
        storefronts.storefront_key,
        storefronts.storefront_type,
        storefronts.platform_code,
        storefronts.operator_key,
        storefronts.region_code,
        storefronts.status = 'ACTIVE' as is_active,
        scanned.storefront_id is not null as is_scanned,
        storefronts.is_trading,
        storefronts.business_licence_displayed,
        storefronts.permit_displayed
    from {{ months }}
    inner join {{ ref('dim_storefront') }} as storefronts
        on {{ months }}.month_end >= storefronts.valid_from
            and (storefronts.valid_to is null or {{ months }}.month_end < storefronts.valid_to)
    left join {{ ref('int_storefront_scanned') }} as scanned
        on storefronts.storefront_id = scanned.storefront_id and {{ months }}.month_start = scanned.month_start
{%- endmacro %}
