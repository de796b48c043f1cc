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

-- without the slices that a KPI does not allow, many contributions are equal and can be summed first
allowed as (
    select
        atoms.kpi_code,
        kpis.aggregation,
        kpis.period_types,
        atoms.event_on,
        {%- for slice in kpi_slices() %}
        case when kpis.by_{{ slice }} then atoms.{{ slice }} end as {{ slice }},
        {%- endfor %}
        atoms.numerator,
        atoms.denominator,
        atoms.distinct_key
    from atoms
    inner join kpis on atoms.kpi_code = kpis.kpi_code
),

-- keys that count once and have several contributions: each of their rows is needed
told_often as (
    select kpi_code, distinct_key
    from allowed
    where aggregation in ('distinct', 'distinct_ratio')
    group by kpi_code, distinct_key
    having count(*) > 1
),

-- nearly all keys that count once have a single contribution, so a sum counts them. Counting distinct keys is expensive
parted as (
    select
        allowed.kpi_code,
        allowed.aggregation,
        allowed.period_types,
        allowed.event_on,
        {%- for slice in kpi_slices() %}
        allowed.{{ slice }},
        {%- endfor %}
        case
            when told_often.distinct_key is not null or allowed.aggregation not in ('distinct', 'distinct_ratio') then allowed.numerator
            when allowed.distinct_key is not null and (allowed.aggregation = 'distinct' or allowed.numerator = 1) then 1
            else 0
        end as numerator,
        case
            when told_often.distinct_key is not null or allowed.aggregation <> 'distinct_ratio' then allowed.denominator
            when allowed.distinct_key is null then 0
            else 1
        end as denominator,
        allowed.distinct_key,
        allowed.aggregation <> 'median' and told_often.distinct_key is null as is_summed
    from allowed
    left join told_often on allowed.kpi_code = told_often.kpi_code and allowed.distinct_key = told_often.distinct_key
),

-- sums may be summed by day before they are placed in periods
days as (
    select
        kpi_code,
        aggregation,
        period_types,
        event_on,
        {{ kpi_slices() | join(', ') }},
        cast(sum(numerator) as decimal(18, 2)) as numerator,
        cast(sum(denominator) as decimal(18, 2)) as denominator,
        cast(null as {{ dbt.type_string() }}) as distinct_key,
        is_summed
    from parted
    where is_summed
    group by kpi_code, aggregation, period_types, event_on, {{ kpi_slices() | join(', ') }}, is_summed
    union all
    select * from parted where not is_summed
),

placed as (
    select
        days.*,
        periods.period_type,
        cast(case periods.period_type
            when 'day' then days.event_on
            when 'month' then date_trunc('month', days.event_on)
            when 'quarter' then date_trunc('quarter', days.event_on)
            else date_trunc('year', days.event_on)
        end as date) as period_start
    from days
    inner join periods on days.period_types like '%' || periods.period_type || '%'
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

-- and by period before they are sliced
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
    where is_summed
    group by kpi_code, aggregation, period_type, period_start, {{ kpi_slices() | join(', ') }}
),

sliced as (
    select {{ kpi_sliced('summed') }}, summed.numerator, summed.denominator
    from summed
    inner join cubes on summed.kpi_code = cubes.kpi_code
    union all
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
    where not counted.is_summed
    group by {{ range(1, 5 + kpi_slices() | length) | join(', ') }}
)

select
    kpi_code,
    aggregation,
    period_type,
    period_start,
    {{ kpi_slices() | join(', ') }},
    sum(numerator) as numerator,
    sum(denominator) as denominator
from sliced
group by {{ range(1, 5 + kpi_slices() | length) | join(', ') }}
