-- Corrected values of sources: place, person and reason. The values themselves stay in state/, since they may be personal data.
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
