with

ranked as (
    select *, row_number() over (partition by issue_no order by _business_date desc, _version desc, _row_number desc) as nth
    from {{ ref('stg_jiangxi__platform_reviews') }}
)

select issue_no, platform_code, campaign, found_by, issue_type, description, found_on, rectified_on
from ranked
where nth = 1
