-- Membership of submissions in groups that name the same finding, by an ordered chain of rules.
with

submissions as (
    select *
    from {{ ref('int_lead_submission') }}
),

-- an explicit reference links at any distance in time
explicit_links as (
    select submission_key, 'EXPLICIT_REF' as match_rule, 2 as rule_rank, source_lead_no as block
    from submissions
    -- a provider's numbers are unique within a delivery only
    where provider_code = ''
        and source_lead_no in (select referring.external_ref from submissions as referring where referring.external_ref is not null)
    union all
    select submission_key, 'EXPLICIT_REF' as match_rule, 2 as rule_rank, external_ref as block
    from submissions
    where external_ref is not null
),

blocks as (
    select
        submission_key, discovered_at, closed_at, 'USCC_URL' as match_rule, 3 as rule_rank,
        valid_uscc || '|' || coalesce(platform_code, '') || '|' || violation_code || '|' || url_canonical as block
    from submissions
    where valid_uscc is not null and url_canonical is not null
    union all
    select
        submission_key, discovered_at, closed_at, 'PLATFORM_SHOP', 4,
        platform_code || '|' || platform_shop_id || '|' || violation_code
    from submissions
    where platform_code is not null and platform_shop_id is not null
    union all
    select submission_key, discovered_at, closed_at, 'ICP_DOMAIN', 5, coalesce(icp_root, url_host) || '|' || violation_code
    from submissions
    where platform_code is null and coalesce(icp_root, url_host) is not null
    union all
    select submission_key, discovered_at, closed_at, 'ICP_DOMAIN', 5, url_host || '|' || violation_code
    from submissions
    where platform_code is null and icp_root is not null and url_host is not null
),

ordered as (
    select
        *,
        lag(discovered_at) over (partition by match_rule, block order by discovered_at, submission_key) as earlier_discovered_at,
        max(closed_at) over (
            partition by match_rule, block order by discovered_at, submission_key
            rows between unbounded preceding and 1 preceding
        ) as earlier_closed_at
    from blocks
),

-- too long after the previous finding, or after its closure: another lead
segments as (
    select
        *,
        sum(case
            when {{ days_between('earlier_discovered_at', 'discovered_at') }} > {{ var('link_window_days') }} then 1
            when earlier_closed_at < discovered_at and earlier_closed_at >= earlier_discovered_at then 1
            else 0
        end) over (partition by match_rule, block order by discovered_at, submission_key) as segment
    from ordered
)

select submission_key, 'SELF' as match_rule, 1 as rule_rank, submission_key as group_id
from submissions
union all
select submission_key, match_rule, rule_rank, match_rule || ':' || block as group_id
from explicit_links
union all
select submission_key, match_rule, rule_rank, match_rule || ':' || block || ':' || cast(segment as {{ dbt.type_string() }}) as group_id
from segments
