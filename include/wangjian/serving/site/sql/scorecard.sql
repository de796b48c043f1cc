select *
from reports.rpt_provider_scorecard
order by month_start desc, provider_code
