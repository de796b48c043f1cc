-- The periods of which something is known, the newest first. What lies before the first export came late and is not all.
select
    period_type,
    period_start,
    case period_type
        when 'year' then strftime(period_start, '%Y')
        when 'quarter' then strftime(period_start, '%Y') || 'Q' || quarter(period_start)
        else strftime(period_start, '%Y-%m')
    end as period,
    cast(case period_type
        when 'year' then period_start + interval 1 year
        when 'quarter' then period_start + interval 3 month
        else period_start + interval 1 month
    end - interval 1 day as date) > $as_of as is_running
from (
    select distinct period_type, period_start
    from reports.rpt_kpi
    where period_type in ('month', 'quarter', 'year') and value is not null and period_start between $since and $as_of
)
where period_start >= (select date_trunc(period_type, min(business_date)) from audit.file_ledger)
order by period_type, period_start desc
