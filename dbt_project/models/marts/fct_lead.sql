-- Unified leads (条), accumulating snapshot. Where systems disagree: five_level, then jiangxi, then the provider.
with

members as (
    select
        keys.lead_key,
        submissions.*,
        -- a total order, so that the same submission speaks for the lead in every build
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
        min_by(case_no, priority) filter (where case_no is not null) as case_no,
        min_by(handling_org_code, priority) filter (where handling_org_code is not null) as handling_org_code,
        min_by(violation_code, priority) as violation_code,
        min_by(category_code, priority) as category_code,
        min_by(platform_code, priority) as platform_code,
        min_by(region_code, priority) as region_code,
        max(returned_count) as returned_count,
        max(extension_days) as extension_days
    from members
    group by lead_key
),

clocks as (
    select
        leads.*,
        coalesce(leads.received_at, leads.dispatched_at, leads.discovered_at) as verify_started_at,
        coalesce(leads.feedback_at, leads.closed_at) as verify_ended_at,
        rules.day_count + leads.extension_days as verify_day_count
    from leads
    left join {{ ref('seed_deadline_rule') }} as rules
        on rules.rule_code = 'D01' and cast(leads.discovered_at as date) >= rules.valid_from
            and (rules.valid_to is null or cast(leads.discovered_at as date) < rules.valid_to)
),

working_days as (
    select date_on, working_day_seq
    from {{ ref('dim_date') }}
    where is_working_day
),

due as (
    select
        clocks.*,
        due_days.date_on as verify_due_on,
        ended.working_day_seq - started.working_day_seq as verify_working_days
    from clocks
    left join {{ ref('dim_date') }} as started on cast(clocks.verify_started_at as date) = started.date_on
    left join {{ ref('dim_date') }} as ended on cast(clocks.verify_ended_at as date) = ended.date_on
    left join working_days as due_days on due_days.working_day_seq = started.working_day_seq + clocks.verify_day_count
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
    closed_at,
    archived_at,
    result_code,
    case_no,
    handling_org_code,
    violation_code,
    category_code,
    platform_code,
    region_code,
    returned_count,
    verify_started_at,
    verify_due_on,
    verify_working_days,
    verify_ended_at is null and verify_due_on < (select as_of_date from {{ ref('int_as_of') }}) as is_overdue,
    coalesce(cast(verify_ended_at as date) > verify_due_on, false) as was_late
from due
