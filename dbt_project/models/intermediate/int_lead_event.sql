-- The five-level system's lead events, each once, no matter when and how often they arrived. `event_seq` is the order of the facts.
-- A stint ends when the lead leaves its organ (RETURNED, REASSIGNED) or is opened again (REOPENED); each stint has its own clock.
with

ranked as (
    select *, row_number() over (partition by lead_no, event_seq order by {{ latest_first() }}) as nth
    from {{ ref('stg_five_level__lead_events') }}
)

select
    lead_no,
    event_seq,
    event_type,
    from_org_code,
    to_org_code,
    occurred_at,
    result_code,
    case_no,
    extension_days,
    transfer_target,
    _business_date as business_date,
    -- without the cast a sum has the widest type, which takes many times as long to read
    cast(sum(case when event_type in ('RETURNED', 'REASSIGNED', 'REOPENED') then 1 else 0 end) over events as integer) as stint,
    cast(sum(case when event_type = 'REOPENED' then 1 else 0 end) over events as integer) as cycle
from ranked
where nth = 1
window events as (partition by lead_no order by event_seq)
