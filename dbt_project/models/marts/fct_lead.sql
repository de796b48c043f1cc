-- Unified leads (条), accumulating snapshot. Where systems disagree: five_level, then jiangxi, then the provider.
with

members as (
    select
        keys.lead_key,
        submissions.*,
        -- a total order, so that the lead takes its values from the same submission in every build
        row_number() over (
            partition by keys.lead_key
            order by
                case submissions.source_code when 'five_level' then 1 when 'jiangxi' then 2 else 3 end,
                submissions.discovered_at, submissions.provider_code, submissions.source_lead_no, submissions.delivery
        ) as priority,
        row_number() over (
            partition by keys.lead_key
            order by submissions.discovered_at, submissions.source_code, submissions.submission_key
        ) as nth_found
    from {{ ref('fct_lead_submission') }} as keys
    inner join {{ ref('int_lead_submission') }} as submissions on keys.submission_key = submissions.submission_key
),

leads as (
    select
        lead_key,
        min(discovered_at) as discovered_at,
        min_by(source_code, nth_found) as first_source,
        count(distinct source_code) as source_count,
        count(*) as submission_count,
        min(registered_at) as registered_at,
        min(dispatched_at) as dispatched_at,
        min_by(received_at, priority) filter (where received_at is not null) as received_at,
        min_by(feedback_at, priority) filter (where feedback_at is not null) as feedback_at,
        min_by(closed_at, priority) filter (where closed_at is not null) as closed_at,
        max(archived_at) as archived_at,
        min_by(result_code, priority) filter (where result_code is not null) as result_code,
        min_by(transfer_target, priority) filter (where transfer_target is not null) as transfer_target,
        min_by(case_no, priority) filter (where case_no is not null) as case_no,
        min_by(handling_org_code, priority) filter (where handling_org_code is not null) as handling_org_code,
        min_by(violation_code, priority) filter (where violation_code is not null) as violation_code,
        min_by(category_code, priority) filter (where category_code is not null) as category_code,
        min_by(platform_code, priority) filter (where platform_code is not null) as platform_code,
        min_by(platform_shop_id, priority) filter (where platform_shop_id is not null) as platform_shop_id,
        min_by(storefront_id, priority) filter (where storefront_id is not null) as storefront_id,
        min_by(lead_region_code, priority) filter (where lead_region_code is not null) as lead_region_code,
        max(returned_count) as returned_count,
        max(reopened_count) as reopened_count,
        -- the clock comes from one submission, because start, end, pauses and extension belong together
        min(priority) filter (where verify_started_at is not null) as clock_priority,
        -- a reopened lead is open, even if another system reports its first closing
        coalesce(bool_or(reopened_count > 0 and closed_at is null), false) as is_reopened
    from members
    group by lead_key
),

asked_for as (
    select platform_shop_id
    from {{ ref('int_lead_submission') }}
    where storefront_id is null and platform_shop_id is not null
),

placed as (
    select
        leads.*,
        coalesce(by_id.storefront_key, by_shop.storefront_key) as storefront_key,
        coalesce(by_id.registered_region_code, by_shop.registered_region_code) as registered_region_code,
        coalesce(by_id.region_code, by_shop.region_code, leads.lead_region_code) as region_code,
        platforms.region_code as platform_region_code
    from leads
    left join {{ ref('dim_storefront') }} as by_id on leads.storefront_id = by_id.storefront_id and by_id.is_current
    left join (
        select
            platform_code,
            platform_shop_id,
            min_by(storefront_key, storefront_id) as storefront_key,
            min_by(region_code, storefront_id) filter (where region_code is not null) as region_code,
            min_by(registered_region_code, storefront_id) filter (where registered_region_code is not null) as registered_region_code
        from {{ ref('dim_storefront') }}
        -- only the shops of the leads, of all shops
        where is_current and platform_shop_id in (select asked_for.platform_shop_id from asked_for)
        group by platform_code, platform_shop_id
    ) as by_shop
        on leads.platform_code = by_shop.platform_code
            -- with a condition on one side only, DuckDB would compare every lead with every shop
            and case when leads.storefront_id is null then leads.platform_shop_id end = by_shop.platform_shop_id
    left join {{ ref('dim_platform') }} as platforms on leads.platform_code = platforms.platform_code and platforms.is_current
),

clocks as (
    select
        placed.*,
        coalesce(clock.verify_started_at, placed.dispatched_at, placed.discovered_at) as verify_started_at,
        case
            when placed.is_reopened then clock.verify_ended_at
            else coalesce(clock.verify_ended_at, placed.feedback_at, placed.closed_at)
        end as verify_ended_at,
        coalesce(clock.paused_working_days, 0) as paused_working_days,
        coalesce(clock.extension_days, 0) as extension_days,
        rules.day_count + coalesce(clock.extension_days, 0) + coalesce(clock.paused_working_days, 0) as verify_day_count
    from placed
    left join members as clock on placed.lead_key = clock.lead_key and placed.clock_priority = clock.priority
    left join {{ ref('dim_deadline_rule') }} as rules
        on {{ rule_on('rules', 'D01', 'coalesce(clock.verify_started_at, placed.dispatched_at, placed.discovered_at)') }}
),

working_days as (
    select date_on, working_day_seq, is_provisional
    from {{ ref('dim_date') }}
    where is_working_day
),

due as (
    select
        clocks.*,
        due_days.date_on as verify_due_on,
        due_days.is_provisional as is_verify_due_provisional,
        ended.working_day_seq - started.working_day_seq - clocks.paused_working_days as verify_working_days,
        closed.working_day_seq - started.working_day_seq - clocks.paused_working_days as handling_working_days
    from clocks
    left join {{ ref('dim_date') }} as started on cast(clocks.verify_started_at as date) = started.date_on
    left join {{ ref('dim_date') }} as ended on cast(clocks.verify_ended_at as date) = ended.date_on
    left join {{ ref('dim_date') }} as closed on cast(clocks.closed_at as date) = closed.date_on
    left join working_days as due_days on started.working_day_seq + clocks.verify_day_count = due_days.working_day_seq
)

select
    lead_key,
    discovered_at,
    first_source,
    source_count,
    submission_count,
    registered_at,
    dispatched_at,
    received_at,
    feedback_at,
    case when not is_reopened then closed_at end as closed_at,
    archived_at,
    case when not is_reopened then result_code end as result_code,
    case when not is_reopened then transfer_target end as transfer_target,
    case_no,
    handling_org_code,
    violation_code,
    category_code,
    platform_code,
    storefront_key,
    region_code,
    registered_region_code,
    platform_region_code,
    returned_count,
    reopened_count,
    extension_days,
    paused_working_days,
    verify_started_at,
    verify_ended_at,
    verify_due_on,
    coalesce(is_verify_due_provisional, false) as is_verify_due_provisional,
    verify_working_days,
    case when not is_reopened then handling_working_days end as handling_working_days,
    verify_ended_at is null and verify_due_on < (select as_of_date from {{ ref('int_as_of') }}) as is_overdue,
    coalesce(cast(verify_ended_at as date) > verify_due_on, false) as was_late
from due
