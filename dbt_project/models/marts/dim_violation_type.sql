select
    violation_code,
    violation_name,
    violation_name_en,
    duty_bearer,
    nullif(legal_basis, '') as legal_basis,
    nullif(confidence, '') as confidence
from {{ ref('seed_violation_type') }}
