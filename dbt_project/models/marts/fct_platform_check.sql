with

ranked as (
    select *, row_number() over (partition by check_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__platform_checks') }}
)

select check_no, campaign, platform_code, mode as check_mode, checked_on, org_code
from ranked
where nth = 1
