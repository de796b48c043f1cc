select
    task_no,
    task_name,
    task_type,
    issued_by_org,
    keywords,
    platform_codes,
    category_codes,
    starts_on,
    ends_on,
    updated_at,
    {{ lineage_columns() }}
from {{ ref('base_five_level__monitoring_tasks') }}
where counts and _disposition = 'loaded'
