select
    check_no,
    campaign,
    platform_code,
    mode,
    checked_on,
    org_code,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__platform_checks') }}
where counts and _disposition = 'loaded'
