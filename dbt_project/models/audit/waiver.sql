-- The failing exports that a person lets count, or lets hold nothing back: who decided so, and why.
select export_id, source, provider, dataset, business_date, fail_codes, reason, waived_by, waived_at
from {{ source('raw_audit', 'waivers') }}
