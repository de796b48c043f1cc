-- One row per KPI, period and slice: its value when the period closed, and its value now. `{key}`: the columns of that grain.
create table building.reports.{table} as
with ended as (
    select distinct
        period_type,
        period_start,
        cast(period_start + case period_type
            when 'month' then interval 1 month when 'quarter' then interval 3 month else interval 1 year
        end as date) - 1 as period_end
    from kpi_record
),
closings as (
    select ended.*, min(publications.published_at) as closed_at
    from ended
    left join kpi_publication as publications on publications.as_of >= ended.period_end
    group by all
),
firsts as (
    select {key}, min(published_at) as first_published_at from kpi_record group by {key}
),
judged as (
    select
        records.*, closings.period_end, closings.closed_at, firsts.first_published_at,
        records.published_at <= greatest(closings.closed_at, firsts.first_published_at) as is_as_closed
    from kpi_record as records
    inner join closings using (period_type, period_start)
    inner join firsts using ({key})
),
summed as (
    select
        {key},
        any_value(period_end) as period_end,
        first(value order by published_at) as first_value,
        first(publication_id order by published_at) as first_publication_id,
        any_value(first_published_at) as first_published_at,
        last(value order by published_at) filter (where is_as_closed) as closed_value,
        last(value order by published_at) as value,
        count(*) - 1 as change_count,
        last(publication_id order by published_at) as last_changed_publication_id,
        last(run_id order by published_at) as last_changed_run_id,
        any_value(closed_at) is not null as is_closed
    from judged
    group by {key}
)
select *, is_closed and closed_value is distinct from value as is_restated
from summed
order by {key}
