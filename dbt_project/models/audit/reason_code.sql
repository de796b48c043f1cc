-- The meaning of each reason code and what to do, in both languages.
select reason_code, reason_scope, reason_name, reason_name_en, remedy, remedy_en
from {{ ref('seed_reason_code') }}
