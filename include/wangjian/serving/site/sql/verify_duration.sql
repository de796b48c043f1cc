select strftime(month_start, '%Y-%m') as month, region_code, violation_code, verify_working_days, was_late, lead_count
from reports.rpt_verify_duration
where month_start between $since and $as_of
order by all
