-- The five-level system's leads: what their events amount to, each event once.
with

ranked as (
    select
        *,
        row_number() over (
            partition by lead_no, event_seq order by {{ latest_first() }}
        ) as nth
    from {{ ref('stg_five_level__lead_events') }}
),

events as (
    select *
    from ranked
    where nth = 1
),

latest as (
    select
        lead_no,
        max(occurred_at) filter (where event_type = 'REOPENED') as reopened_at,
        max_by(to_org_code, event_seq) filter (where event_type in ('DISPATCHED', 'REASSIGNED', 'RECEIVED')) as handling_org_code
    from events
    group by lead_no
)

select
    events.lead_no,
    latest.handling_org_code,
    min(events.occurred_at) filter (where events.event_type = 'REGISTERED') as registered_at,
    min(events.occurred_at) filter (where events.event_type = 'DISPATCHED') as dispatched_at,
    min(events.occurred_at) filter (
        where events.event_type = 'RECEIVED' and events.to_org_code = latest.handling_org_code
    ) as received_at,
    max(events.occurred_at) filter (
        where events.event_type = 'FEEDBACK' and (latest.reopened_at is null or events.occurred_at > latest.reopened_at)
    ) as feedback_at,
    max(events.occurred_at) filter (
        where events.event_type = 'CLOSED' and (latest.reopened_at is null or events.occurred_at > latest.reopened_at)
    ) as closed_at,
    max(events.occurred_at) filter (where events.event_type = 'ARCHIVED') as archived_at,
    max_by(events.result_code, events.event_seq) filter (
        where events.event_type in ('FEEDBACK', 'CLOSED') and events.result_code is not null
        and (latest.reopened_at is null or events.occurred_at > latest.reopened_at)
    ) as result_code,
    max_by(events.case_no, events.event_seq) filter (where events.case_no is not null) as case_no,
    count(*) filter (where events.event_type = 'RETURNED') as returned_count,
    coalesce(sum(events.extension_days) filter (where events.event_type = 'EXTENDED'), 0) as extension_days
from events
inner join latest on events.lead_no = latest.lead_no
group by events.lead_no, latest.handling_org_code
