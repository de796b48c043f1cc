-- Exports that count, or hold nothing back, although they fail: who decided so, and why.
select export_id, source, provider, dataset, business_date, fail_codes, reason, waived_by, waived_at
from {{ source('raw_audit', 'waivers') }}
