-- Every KPI by period and slice. A rate is null, and not 0, where the denominator is 0.
with

rolled as (
    select *
    from {{ ref('int_kpi_rollup') }}
),

per_thousand as (
    select
        'K05_PER_THOUSAND' as kpi_code, 'ratio' as aggregation, stocks.period_type, stocks.period_start,
        {%- for slice in kpi_slices() %}
        stocks.{{ slice }},
        {%- endfor %}
        coalesce(leads.numerator, 0) as numerator, stocks.numerator as denominator
    from rolled as stocks
    left join rolled as leads
        on leads.kpi_code = 'K05_LEADS' and stocks.period_type = leads.period_type and stocks.period_start = leads.period_start
            {%- for slice in kpi_slices() %}
            and stocks.{{ slice }} = leads.{{ slice }}
            {%- endfor %}
    where stocks.kpi_code = 'K01' and stocks.storefront_type = 'ALL' and stocks.platform_code = 'ALL'
),

without_source as (
    select
        kpis.kpi_code, kpis.aggregation, 'month' as period_type, months.month_start as period_start,
        {%- for slice in kpi_slices() %}
        'ALL' as {{ slice }},
        {%- endfor %}
        cast(null as decimal(18, 2)) as numerator, cast(null as decimal(18, 2)) as denominator
    from {{ ref('dim_kpi') }} as kpis
    cross join (select distinct period_start as month_start from rolled where period_type = 'month') as months
    where kpis.availability = 'no_source'
),

everything as (
    select * from rolled
    union all
    select * from per_thousand
    union all
    select * from without_source
)

select
    everything.kpi_code,
    everything.period_type,
    everything.period_start,
    {%- for slice in kpi_slices() %}
    everything.{{ slice }},
    {%- endfor %}
    cast(everything.numerator as decimal(18, 2)) as numerator,
    cast(everything.denominator as decimal(18, 2)) as denominator,
    case
        when everything.aggregation in ('ratio', 'stock_ratio', 'distinct_ratio')
            then {{ quotient('kpis.scale * everything.numerator', 'nullif(everything.denominator, 0)', 18, 4) }}
        -- exact: 10,050 yuan are 1.005 times ten thousand
        else cast(kpis.scale * cast(everything.numerator as decimal(18, 2)) as decimal(18, 4))
    end as value,
    kpis.unit,
    coalesce(everything.denominator < 5, false) as is_small_base,
    kpis.availability
from everything
inner join {{ ref('dim_kpi') }} as kpis on everything.kpi_code = kpis.kpi_code
