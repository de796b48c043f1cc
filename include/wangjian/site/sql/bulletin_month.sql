select distinct month_start
from reports.rpt_monthly_bulletin
where month_start <= $as_of
order by month_start desc
