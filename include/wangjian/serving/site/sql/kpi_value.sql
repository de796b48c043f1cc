-- The slices that the caller names; all others are unused.
select
    kpi_code,
    case period_type
        when 'year' then strftime(period_start, '%Y')
        when 'quarter' then strftime(period_start, '%Y') || 'Q' || quarter(period_start)
        else strftime(period_start, '%Y-%m')
    end as period,
    {first} as first,
    {second} as second,
    numerator,
    denominator,
    value
from reports.rpt_kpi
where list_contains($codes, kpi_code) and period_type in ('month', 'quarter', 'year') and availability = 'ok'
    and period_start between $since and $as_of and {others}
order by all
