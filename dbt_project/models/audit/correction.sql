-- Values of sources that a person found wrong: which, who decided so, and why. The values themselves stay in state/.
select
    correction_id,
    source,
    provider,
    dataset,
    business_date,
    row_key,
    column_name,
    {{ masked('reason') }} as reason,
    corrected_by,
    corrected_at
from {{ source('raw_audit', 'corrections') }}
