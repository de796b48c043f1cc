-- Contributions rolled up to periods and slices. A slice that is not used is `ALL`; one that has no value is `NONE`.
with

atoms as (
    select * from {{ ref('int_kpi_lead') }}
    union all
    select * from {{ ref('int_kpi_case') }}
    union all
    select * from {{ ref('int_kpi_action') }}
    union all
    select * from {{ ref('int_kpi_stock') }}
    union all
    select * from {{ ref('int_kpi_provider') }}
),

{{ kpi_cubes() }},

periods (period_type) as (
    values ('day'), ('month'), ('quarter'), ('year')
),

placed as (
    select
        atoms.*,
        kpis.aggregation,
        periods.period_type,
        cast(case periods.period_type
            when 'day' then atoms.event_on
            when 'month' then date_trunc('month', atoms.event_on)
            when 'quarter' then date_trunc('quarter', atoms.event_on)
            else date_trunc('year', atoms.event_on)
        end as date) as period_start
    from atoms
    inner join {{ ref('dim_kpi') }} as kpis on atoms.kpi_code = kpis.kpi_code
    inner join periods on kpis.period_types like '%' || periods.period_type || '%'
),

-- of a stock, a period shows its last day or month
ends as (
    select kpi_code, period_type, period_start, max(event_on) as last_on
    from placed
    where aggregation in ('stock', 'stock_ratio')
    group by kpi_code, period_type, period_start
),

counted as (
    select placed.*
    from placed
    left join ends
        on placed.kpi_code = ends.kpi_code and placed.period_type = ends.period_type and placed.period_start = ends.period_start
    where ends.last_on is null or placed.event_on = ends.last_on
),

-- sums may be summed before they are sliced: fewer rows to slice
summed as (
    select
        kpi_code,
        aggregation,
        period_type,
        period_start,
        {{ kpi_slices() | join(', ') }},
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from counted
    where aggregation not in ('distinct', 'distinct_ratio', 'median')
    group by kpi_code, aggregation, period_type, period_start, {{ kpi_slices() | join(', ') }}
),

summed_slices as (
    select
        {{ kpi_sliced('summed') }},
        sum(summed.numerator) as numerator,
        sum(summed.denominator) as denominator
    from summed
    inner join cubes on summed.kpi_code = cubes.kpi_code
    group by {{ range(1, 5 + kpi_slices() | length) | join(', ') }}
),

-- what is counted once, or is a median, needs every row
counted_slices as (
    select
        {{ kpi_sliced('counted') }},
        case counted.aggregation
            when 'distinct' then count(distinct counted.distinct_key)
            when 'distinct_ratio' then count(distinct case when counted.numerator = 1 then counted.distinct_key end)
            when 'median' then cast(median(counted.numerator) as decimal(18, 2))
        end as numerator,
        case counted.aggregation
            when 'distinct_ratio' then count(distinct counted.distinct_key)
            else sum(counted.denominator)
        end as denominator
    from counted
    inner join cubes on counted.kpi_code = cubes.kpi_code
    where counted.aggregation in ('distinct', 'distinct_ratio', 'median')
    group by {{ range(1, 5 + kpi_slices() | length) | join(', ') }}
)

select * from summed_slices
union all
select * from counted_slices
