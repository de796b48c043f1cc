-- The sources and outcomes of leads, by month of discovery. Each lead counts once, so that rows can be summed.
select
    cast(date_trunc('month', discovered_at) as date) as month_start,
    region_code,
    violation_code,
    first_source,
    received_at is not null as is_received,
    case
        when verify_ended_at is not null and was_late then 'LATE'
        when verify_ended_at is not null then 'ON_TIME'
        when is_overdue then 'OVERDUE'
        else 'RUNNING'
    end as verify_status,
    coalesce(result_code, 'OPEN') as outcome_code,
    count(*) as lead_count
from {{ ref('fct_lead') }}
group by all
