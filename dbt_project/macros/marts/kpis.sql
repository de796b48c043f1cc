{#- The columns by which a KPI may be sliced, in the order of `rpt_kpi`. -#}
{% macro kpi_slices() -%}
    {{ return(['region_code', 'org_code', 'storefront_type', 'platform_code', 'violation_code', 'category_code', 'source_code', 'provider_code']) }}
{%- endmacro %}


{#-
    The select list of one KPI's contributions: the day and place of an event, and what it adds to numerator and denominator.
    `key` identifies what is counted only once (a lead in several submissions, a platform in several visits).
-#}
{% macro kpi_atom(kpi_code, on, numerator='1', denominator='null', key='null', by={}) -%}
    '{{ kpi_code }}' as kpi_code,
    cast({{ on }} as date) as event_on,
    {%- for slice in kpi_slices() %}
    cast({{ by.get(slice, 'null') }} as {{ dbt.type_string() }}) as {{ slice }},
    {%- endfor %}
    cast({{ numerator }} as decimal(18, 2)) as numerator,
    cast({{ denominator }} as decimal(18, 2)) as denominator,
    cast({{ key }} as {{ dbt.type_string() }}) as distinct_key
{%- endmacro %}


{#- The CTEs `kpis`, with the allowed slices of each (`by_…`), and `cubes`: every combination of slices, with a switch for each. -#}
{% macro kpi_cubes() -%}
kpis as (
    select
        kpi_code,
        aggregation,
        period_types
        {%- for slice in kpi_slices() %},
        coalesce(slices, '') like '%{{ slice }}%' as by_{{ slice }}
        {%- endfor %}
    from {{ ref('dim_kpi') }}
),

switches (is_used) as (
    values (true), (false)
),

cubes as (
    select
        kpis.kpi_code
        {%- for slice in kpi_slices() %},
        s_{{ slice }}.is_used as by_{{ slice }}
        {%- endfor %}
    from kpis
    {%- for slice in kpi_slices() %}
    inner join switches as s_{{ slice }} on kpis.by_{{ slice }} or not s_{{ slice }}.is_used
    {%- endfor %}
)
{%- endmacro %}


{#- The grouping of the contributions in a relation (of KPIs, joined with `cubes`): a slice that a cube does not use is `ALL`. -#}
{% macro kpi_sliced(relation) -%}
    {{ relation }}.kpi_code,
    {{ relation }}.aggregation,
    {{ relation }}.period_type,
    {{ relation }}.period_start
    {%- for slice in kpi_slices() %},
    case when cubes.by_{{ slice }} then coalesce({{ relation }}.{{ slice }}, 'NONE') else 'ALL' end as {{ slice }}
    {%- endfor %}
{%- endmacro %}
