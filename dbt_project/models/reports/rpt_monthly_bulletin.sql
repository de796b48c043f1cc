-- What the bureau prints each month: totals, then by county, platform, violation and category, with the month and the year before.
with

months as (
    select *
    from {{ ref('rpt_kpi') }}
    where period_type = 'month' and availability = 'ok' and org_code = 'ALL' and storefront_type = 'ALL' and source_code = 'ALL'
        and provider_code = 'ALL'
),

sections as (
    select kpi_code, period_start, value, unit, 'TOTAL' as section, 'ALL' as member_code
    from months
    where region_code = 'ALL' and platform_code = 'ALL' and violation_code = 'ALL' and category_code = 'ALL'
    union all
    select kpi_code, period_start, value, unit, 'REGION', region_code
    from months
    where region_code <> 'ALL' and platform_code = 'ALL' and violation_code = 'ALL' and category_code = 'ALL'
    union all
    select kpi_code, period_start, value, unit, 'PLATFORM', platform_code
    from months
    where region_code = 'ALL' and platform_code <> 'ALL' and violation_code = 'ALL' and category_code = 'ALL'
    union all
    select kpi_code, period_start, value, unit, 'VIOLATION', violation_code
    from months
    where region_code = 'ALL' and platform_code = 'ALL' and violation_code <> 'ALL' and category_code = 'ALL'
    union all
    select kpi_code, period_start, value, unit, 'CATEGORY', category_code
    from months
    where region_code = 'ALL' and platform_code = 'ALL' and violation_code = 'ALL' and category_code <> 'ALL'
),

names as (
    select 'REGION' as section, region_code as member_code, region_name as member_name from {{ ref('dim_region') }}
    union all
    select 'PLATFORM', platform_code, platform_name from {{ ref('dim_platform') }} where is_current
    union all
    select 'VIOLATION', violation_code, violation_name from {{ ref('dim_violation_type') }}
    union all
    select 'CATEGORY', category_code, category_name from {{ ref('dim_product_category') }}
)

select
    sections.period_start as month_start,
    sections.section,
    sections.member_code,
    coalesce(names.member_name, case sections.member_code when 'ALL' then '合计' else '无' end) as member_name,
    sections.kpi_code,
    kpis.kpi_name,
    sections.unit,
    sections.value,
    last_month.value as value_last_month,
    sections.value - last_month.value as change_on_month,
    last_year.value as value_last_year,
    sections.value - last_year.value as change_on_year
from sections
inner join {{ ref('dim_kpi') }} as kpis on sections.kpi_code = kpis.kpi_code
left join names on sections.section = names.section and sections.member_code = names.member_code
left join sections as last_month
    on sections.kpi_code = last_month.kpi_code and sections.section = last_month.section
        and sections.member_code = last_month.member_code
        and cast(date_trunc('month', {{ add_days('sections.period_start', -1) }}) as date) = last_month.period_start
left join sections as last_year
    on sections.kpi_code = last_year.kpi_code and sections.section = last_year.section
        and sections.member_code = last_year.member_code
        and extract(year from sections.period_start) = extract(year from last_year.period_start) + 1
        and extract(month from sections.period_start) = extract(month from last_year.period_start)
