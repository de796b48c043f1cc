select
    submissions.lead_key,
    submissions.submission_key,
    events.lead_no as source_lead_no,
    events.event_seq,
    events.event_type,
    events.from_org_code,
    events.to_org_code,
    events.occurred_at,
    events.result_code,
    events.case_no,
    events.extension_days,
    events.transfer_target
from {{ ref('int_lead_event') }} as events
-- an event of an unknown lead stays, and gets its lead once the lead arrives
left join {{ ref('fct_lead_submission') }} as submissions
    on submissions.source_code = 'five_level' and events.lead_no = submissions.source_lead_no
