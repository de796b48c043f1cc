-- Each platform by the date of the data: its storefronts, its findings, and the actions taken.
with

storefronts as (
    select
        platform_code,
        count(*) as storefront_count,
        count(distinct operator_key) as operator_count,
        count(*) filter (where business_licence_displayed) as licence_displayed_count,
        count(*) filter (where business_licence_displayed is not null) as licence_checked_count
    from {{ ref('dim_storefront') }}
    where is_current and status = 'ACTIVE'
    group by platform_code
),

leads as (
    select platform_code, count(*) as lead_count, count(*) filter (where closed_at is not null) as closed_lead_count
    from {{ ref('fct_lead') }}
    group by platform_code
),

cases as (
    select platform_code, count(*) as case_count, sum(penalty_total) as penalty_total
    from {{ ref('fct_case') }}
    group by platform_code
),

actions as (
    select
        platform_code,
        count(*) filter (where action_type = 'INTERVIEW') as interview_count,
        count(*) filter (where action_type = 'VISIT') as visit_count,
        max(acted_on) as last_acted_on
    from {{ ref('fct_guidance_action') }}
    group by platform_code
),

issues as (
    select platform_code, count(*) as issue_count, count(*) filter (where rectified_on is null) as open_issue_count
    from {{ ref('fct_platform_review_issue') }}
    group by platform_code
)

select
    platforms.platform_code,
    platforms.platform_name,
    platforms.platform_type,
    platforms.is_local,
    coalesce(storefronts.storefront_count, 0) as storefront_count,
    coalesce(storefronts.operator_count, 0) as operator_count,
    coalesce(storefronts.licence_displayed_count, 0) as licence_displayed_count,
    coalesce(storefronts.licence_checked_count, 0) as licence_checked_count,
    {{ rounded(ratio('storefronts.licence_displayed_count', 'nullif(storefronts.licence_checked_count, 0)'), 5, 4) }}
        as licence_displayed_rate,
    coalesce(leads.lead_count, 0) as lead_count,
    coalesce(leads.closed_lead_count, 0) as closed_lead_count,
    coalesce(cases.case_count, 0) as case_count,
    coalesce(cases.penalty_total, 0) as penalty_total,
    coalesce(actions.interview_count, 0) as interview_count,
    coalesce(actions.visit_count, 0) as visit_count,
    actions.last_acted_on,
    coalesce(issues.issue_count, 0) as issue_count,
    coalesce(issues.open_issue_count, 0) as open_issue_count
from {{ ref('dim_platform') }} as platforms
left join storefronts on platforms.platform_code = storefronts.platform_code
left join leads on platforms.platform_code = leads.platform_code
left join cases on platforms.platform_code = cases.platform_code
left join actions on platforms.platform_code = actions.platform_code
left join issues on platforms.platform_code = issues.platform_code
where platforms.is_current
