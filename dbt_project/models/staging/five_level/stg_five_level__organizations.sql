select
    org_code,
    org_name,
    org_level,
    parent_org_code,
    region_code,
    is_active,
    {{ lineage_columns() }}
from {{ ref('base_five_level__organizations') }}
where counts and _disposition = 'loaded'
