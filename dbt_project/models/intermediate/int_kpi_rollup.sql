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
gathered as (
    select
        kpi_code,
        aggregation,
        period_type,
        period_start,
        {{ kpi_slices() | join(', ') }},
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        cast(null as {{ dbt.type_string() }}) as distinct_key
    from counted
    where aggregation not in ('distinct', 'distinct_ratio', 'median')
    group by kpi_code, aggregation, period_type, period_start, {{ kpi_slices() | join(', ') }}
    union all
    select
        kpi_code,
        aggregation,
        period_type,
        period_start,
        {{ kpi_slices() | join(', ') }},
        numerator,
        denominator,
        distinct_key
    from counted
    where aggregation in ('distinct', 'distinct_ratio', 'median')
),

sliced as (
    select
        counted.kpi_code,
        counted.aggregation,
        counted.period_type,
        counted.period_start,
        {%- for slice in kpi_slices() %}
        case when cubes.by_{{ slice }} then coalesce(counted.{{ slice }}, 'NONE') else 'ALL' end as {{ slice }},
        {%- endfor %}
        counted.numerator,
        counted.denominator,
        counted.distinct_key
    from gathered as counted
    inner join cubes on counted.kpi_code = cubes.kpi_code
)

select
    kpi_code,
    aggregation,
    period_type,
    period_start,
    {%- for slice in kpi_slices() %}
    {{ slice }},
    {%- endfor %}
    case aggregation
        when 'distinct' then count(distinct distinct_key)
        when 'distinct_ratio' then count(distinct case when numerator = 1 then distinct_key end)
        when 'median' then median(numerator)
        else sum(numerator)
    end as numerator,
    case aggregation when 'distinct_ratio' then count(distinct distinct_key) else sum(denominator) end as denominator
from sliced
group by kpi_code, aggregation, period_type, period_start, {{ kpi_slices() | join(', ') }}
