select
    platform_code,
    platform_name,
    platform_type,
    operator_name,
    uscc,
    region_code,
    is_local,
    enabled_on,
    disabled_on,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__platforms') }}
where counts and _disposition = 'loaded'
