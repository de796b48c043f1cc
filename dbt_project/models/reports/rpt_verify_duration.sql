-- The working days that verifications took, by the month in which they ended. Each lead counts once.
select
    cast(date_trunc('month', verify_ended_at) as date) as month_start,
    region_code,
    violation_code,
    cast(verify_working_days as integer) as verify_working_days,
    was_late,
    count(*) as lead_count
from {{ ref('fct_lead') }}
where verify_ended_at is not null and verify_working_days is not null
group by all
