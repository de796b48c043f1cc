select
    lead_no,
    event_seq,
    event_type,
    from_org_code,
    to_org_code,
    occurred_at,
    result_code,
    {{ case_no_normalised('case_no') }} as case_no,
    extension_days,
    transfer_target,
    remark,
    {{ lineage_columns() }}
from {{ ref('base_five_level__lead_events') }}
where counts and _disposition = 'loaded'
