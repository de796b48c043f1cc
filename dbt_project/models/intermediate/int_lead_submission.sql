-- One row per lead as one source sent it, latest state, with what the linking rules compare.
with

five_level as (
    select *, row_number() over (partition by lead_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_five_level__leads') }}
),

jiangxi as (
    select *, row_number() over (partition by lead_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__leads') }}
),

submissions as (
    select
        'five_level' as source_code, '' as provider_code, five_level.lead_no as source_lead_no, '' as delivery,
        five_level._business_date as business_date, five_level.external_ref, five_level.discovered_at,
        {{ json_list_first('five_level.violation_codes') }} as violation_code, five_level.category_code,
        five_level.platform_code, storefronts.platform_shop_id, storefronts.icp_root,
        five_level.url, five_level.uscc, five_level.region_code,
        coalesce(milestones.handling_org_code, five_level.handling_org_code) as handling_org_code,
        milestones.registered_at, milestones.dispatched_at, milestones.received_at, milestones.feedback_at,
        milestones.closed_at, milestones.archived_at, milestones.result_code, milestones.case_no,
        coalesce(milestones.returned_count, 0) as returned_count, coalesce(milestones.extension_days, 0) as extension_days
    from five_level
    left join {{ ref('int_lead_milestone') }} as milestones on five_level.lead_no = milestones.lead_no
    left join {{ ref('dim_storefront') }} as storefronts
        on five_level.storefront_id = storefronts.storefront_id and storefronts.is_current
    where five_level.nth = 1

    union all

    select
        'jiangxi', '', lead_no, '', _business_date, external_ref, discovered_at, {{ json_list_first('violation_codes') }}, category_code,
        platform_code, null, null, url, uscc, region_code, handling_org_code, null, null, received_at, feedback_at, closed_at, null,
        result_code, case_no, 0, 0
    from jiangxi
    where nth = 1

    union all

    select
        'third_party', _provider, provider_lead_no, coalesce(nullif(_delivery, ''), cast(_business_date as {{ dbt.type_string() }})),
        _business_date, null, cast(found_on as timestamp), violation_code, category_code, platform_code, platform_shop_id, null, url, uscc,
        region_code, null, null, null, null, null, null, null, null, null, 0, 0
    from {{ ref('stg_third_party__leads') }}
),

compared as (
    select
        *,
        {{ uscc_normalised('uscc') }} as uscc_normalised,
        {{ url_canonical('url') }} as url_canonical
    from submissions
)

select
    {{ stable_key(['source_code', 'provider_code', 'source_lead_no', 'delivery']) }} as submission_key,
    *,
    case when {{ uscc_is_valid('uscc_normalised') }} then uscc_normalised end as valid_uscc,
    {{ url_host('url_canonical') }} as url_host
from compared
