select
    scan_no,
    task_no,
    storefront_id,
    scanned_at,
    page_count,
    product_count,
    link_status,
    {{ lineage_columns() }}
from {{ ref('base_five_level__scans') }}
where counts and _disposition = 'loaded'
