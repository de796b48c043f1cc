select distinct month_start
from reports.rpt_monthly_bulletin
where month_start <= $as_of and month_start >= (select date_trunc('month', min(business_date)) from audit.file_ledger)
order by month_start desc
