select
    issue_no,
    platform_code,
    campaign,
    found_by,
    issue_type,
    description,
    found_on,
    rectified_on,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__platform_reviews') }}
where counts and _disposition = 'loaded'
