select
    action_no,
    action_type,
    acted_on,
    platform_code,
    operator_name,
    uscc,
    region_code,
    org_code,
    content,
    rectify_due_on,
    rectified_on,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__guidance_actions') }}
where counts and _disposition = 'loaded'
