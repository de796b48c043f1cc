with

ranked as (
    select *, row_number() over (partition by issue_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__platform_reviews') }}
)

select issue_no, platform_code, campaign, found_by, issue_type, description, found_on, rectified_on
from ranked
where nth = 1
