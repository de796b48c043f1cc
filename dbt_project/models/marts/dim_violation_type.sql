-- Kinds of violation; a code that the sources use and the seed lacks gets a row with its code only (`is_inferred`).
select
    violation_code,
    violation_name,
    violation_name_en,
    duty_bearer,
    nullif(legal_basis, '') as legal_basis,
    nullif(confidence, '') as confidence,
    false as is_inferred
from {{ ref('seed_violation_type') }}
union all
select inferred.code, '未知代码 ' || inferred.code, 'Unknown code ' || inferred.code, null, null, null, true
from {{ inferred_codes('violation') }}
