-- The five-level system's leads with the state that follows from their events. Verification clock: see `dim_deadline_rule`, D01.
with

events as (
    select
        *,
        max(stint) over (partition by lead_no) as last_stint,
        max(cycle) over (partition by lead_no) as last_cycle
    from {{ ref('int_lead_event') }}
),

handlers as (
    select
        lead_no,
        max_by(to_org_code, event_seq) filter (
            where event_type in ('DISPATCHED', 'REASSIGNED', 'RECEIVED') and to_org_code is not null
        ) as handling_org_code
    from events
    group by lead_no
),

milestones as (
    select
        events.lead_no,
        handlers.handling_org_code,
        max(events.cycle) as reopened_count,
        min(events.occurred_at) filter (where events.event_type = 'REGISTERED') as registered_at,
        min(events.occurred_at) filter (where events.event_type = 'DISPATCHED') as dispatched_at,
        min(events.occurred_at) filter (
            where events.event_type = 'RECEIVED' and events.to_org_code = handlers.handling_org_code
        ) as received_at,
        max(events.occurred_at) filter (where events.event_type = 'FEEDBACK' and events.stint = events.last_stint) as feedback_at,
        max(events.occurred_at) filter (where events.event_type = 'CLOSED' and events.cycle = events.last_cycle) as closed_at,
        max(events.occurred_at) filter (where events.event_type = 'ARCHIVED') as archived_at,
        max_by(events.result_code, events.event_seq) filter (
            where events.event_type in ('FEEDBACK', 'CLOSED') and events.result_code is not null
            and events.cycle = events.last_cycle
        ) as last_result_code,
        max_by(events.transfer_target, events.event_seq) filter (
            where events.transfer_target is not null and events.cycle = events.last_cycle
        ) as transfer_target,
        max_by(events.case_no, events.event_seq) filter (where events.case_no is not null) as case_no,
        count(*) filter (where events.event_type = 'RETURNED') as returned_count,
        cast(coalesce(
            sum(events.extension_days) filter (where events.event_type = 'EXTENDED' and events.stint = events.last_stint), 0
        ) as integer) as extension_days,
        coalesce(
            min(events.occurred_at) filter (
                where events.event_type = 'RECEIVED' and events.stint = events.last_stint
                and events.to_org_code = handlers.handling_org_code
            ),
            min(events.occurred_at) filter (
                where events.event_type in ('DISPATCHED', 'REASSIGNED') and events.stint = events.last_stint
            ),
            min(events.occurred_at) filter (
                where events.event_type in ('RETURNED', 'REOPENED') and events.stint = events.last_stint
            )
        ) as verify_started_at
    from events
    inner join handlers on events.lead_no = handlers.lead_no
    group by events.lead_no, handlers.handling_org_code
),

-- a pause runs from the first PAUSED to the next RESUMED; one that is still open runs until the clock ends, or as of the data
switches as (
    select
        *,
        lag(event_type) over (partition by lead_no order by event_seq) as earlier_type,
        min(case when event_type = 'RESUMED' then occurred_at end) over (
            partition by lead_no order by event_seq rows between 1 following and unbounded following
        ) as resumed_at
    from events
    where event_type in ('PAUSED', 'RESUMED') and stint = last_stint
),

pauses as (
    select
        switches.lead_no,
        cast(switches.occurred_at as date) as paused_on,
        cast(least(
            coalesce(switches.resumed_at, milestones.feedback_at, milestones.closed_at, cast(as_of.as_of_date as timestamp)),
            coalesce(milestones.feedback_at, milestones.closed_at, switches.resumed_at, cast(as_of.as_of_date as timestamp))
        ) as date) as resumed_on
    from switches
    inner join milestones on switches.lead_no = milestones.lead_no
    cross join {{ ref('int_as_of') }} as as_of
    where switches.event_type = 'PAUSED' and coalesce(switches.earlier_type, 'RESUMED') = 'RESUMED'
),

paused as (
    select
        pauses.lead_no,
        cast(sum(greatest(ended.working_day_seq - begun.working_day_seq, 0)) as integer) as paused_working_days
    from pauses
    inner join {{ ref('dim_date') }} as begun on pauses.paused_on = begun.date_on
    inner join {{ ref('dim_date') }} as ended on pauses.resumed_on = ended.date_on
    group by pauses.lead_no
)

select
    milestones.lead_no,
    milestones.handling_org_code,
    milestones.reopened_count,
    milestones.registered_at,
    milestones.dispatched_at,
    milestones.received_at,
    milestones.feedback_at,
    milestones.closed_at,
    milestones.archived_at,
    case when milestones.closed_at is not null then milestones.last_result_code end as result_code,
    case when milestones.closed_at is not null then milestones.transfer_target end as transfer_target,
    milestones.case_no,
    milestones.returned_count,
    milestones.extension_days,
    milestones.verify_started_at,
    coalesce(milestones.feedback_at, milestones.closed_at) as verify_ended_at,
    coalesce(paused.paused_working_days, 0) as paused_working_days
from milestones
left join paused on milestones.lead_no = paused.lead_no
