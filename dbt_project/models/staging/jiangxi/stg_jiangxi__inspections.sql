select
    inspection_no,
    inspected_on,
    mode,
    object_type,
    storefront_id,
    platform_code,
    region_code,
    result,
    task_no,
    item_count,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__inspections') }}
where counts and _disposition = 'loaded'
