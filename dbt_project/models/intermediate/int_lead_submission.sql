-- One row per lead as one source sent it, latest state, with what the linking rules compare and what the clock needs.
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
        five_level.violation_codes, five_level.category_code, five_level.platform_code, storefronts.platform_shop_id,
        five_level.storefront_id, storefronts.icp_root, five_level.url, five_level.uscc, five_level.region_code,
        coalesce(milestones.handling_org_code, five_level.handling_org_code) as handling_org_code,
        milestones.registered_at, milestones.dispatched_at, milestones.received_at, milestones.feedback_at,
        milestones.closed_at, milestones.archived_at, milestones.result_code, milestones.transfer_target, milestones.case_no,
        coalesce(milestones.returned_count, 0) as returned_count, coalesce(milestones.reopened_count, 0) as reopened_count,
        milestones.verify_started_at, milestones.verify_ended_at, coalesce(milestones.extension_days, 0) as extension_days,
        coalesce(milestones.paused_working_days, 0) as paused_working_days
    from five_level
    left join {{ ref('int_lead_milestone') }} as milestones on five_level.lead_no = milestones.lead_no
    left join {{ ref('int_storefront_state') }} as storefronts
        on five_level.storefront_id = storefronts.storefront_id and storefronts.valid_to is null
    where five_level.nth = 1

    union all

    select
        'jiangxi', '', lead_no, '', _business_date, external_ref, discovered_at, violation_codes, category_code,
        platform_code, null, null, null, url, uscc, region_code, handling_org_code, null, null, received_at, feedback_at, closed_at,
        null, case when closed_at is not null then result_code end, case when closed_at is not null then transfer_target end,
        case_no, 0, 0, received_at as verify_started_at, coalesce(feedback_at, closed_at), 0, 0
    from jiangxi
    where nth = 1

    union all

    select
        'third_party', _provider, provider_lead_no, delivery, _business_date, null, cast(found_on as timestamp),
        '["' || violation_code || '"]', category_code, platform_code, platform_shop_id, null, null, url, uscc,
        region_code, null, null, null, null, null, null, null, null, null, null, 0, 0, null, null, 0, 0
    from {{ ref('int_provider_lead') }}
),

compared as (
    select
        submissions.*,
        {{ json_list_first('submissions.violation_codes') }} as violation_code,
        {{ todays_region('regions', 'submissions.region_code') }} as lead_region_code,
        {{ uscc_normalised('submissions.uscc') }} as uscc_normalised,
        {{ url_canonical('submissions.url') }} as url_canonical
    from submissions
    left join {{ ref('seed_region') }} as regions on submissions.region_code = regions.region_code
)

select
    {{ stable_key(['source_code', 'provider_code', 'source_lead_no', 'delivery']) }} as submission_key,
    *,
    case when {{ uscc_is_valid('uscc_normalised') }} then uscc_normalised end as valid_uscc,
    {{ url_host('url_canonical') }} as url_host
from compared
