select strftime(month_start, '%Y-%m') as month, region_code, violation_code, first_source, is_received, verify_status, outcome_code, lead_count
from reports.rpt_lead_flow
where month_start between $since and $as_of
order by all
