select
    rule_code,
    valid_from,
    valid_to,
    rule_name,
    rule_name_en,
    stage_from,
    stage_to,
    day_count,
    unit,
    extension_days,
    nullif(excluded, '') as excluded,
    nullif(law, '') as law,
    nullif(article, '') as article,
    nullif(source, '') as source,
    confidence
from {{ ref('seed_deadline_rule') }}
