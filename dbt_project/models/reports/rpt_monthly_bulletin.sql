-- The figures of the monthly bulletin: totals, then each slice by itself, with the previous month and the previous year.
-- The first month is the first complete one of the daily sources: older data is incomplete, so no month is compared with it.
{% set section_of = {
    'region_code': 'REGION', 'org_code': 'ORGAN', 'storefront_type': 'STOREFRONT_TYPE', 'platform_code': 'PLATFORM',
    'violation_code': 'VIOLATION', 'category_code': 'CATEGORY', 'source_code': 'SOURCE', 'provider_code': 'PROVIDER',
} %}
with

coverage as (
    select max(first_on) as first_on
    from (
        select source, min(business_date) as first_on
        from {{ ref('int_audit__export_status') }}
        where counts and is_daily
        group by source
    ) as starts
),

found as (
    select
        kpi_code, period_start as month_start, numerator, denominator, value, is_small_base,
        case
            {%- for slice in kpi_slices() %}
            when {{ slice }} <> 'ALL' then '{{ section_of[slice] }}'
            {%- endfor %}
            else 'TOTAL'
        end as section,
        case
            {%- for slice in kpi_slices() %}
            when {{ slice }} <> 'ALL' then {{ slice }}
            {%- endfor %}
            else 'ALL'
        end as member_code
    from {{ ref('rpt_kpi') }}
    cross join coverage
    where period_type = 'month' and availability = 'ok' and period_start >= coverage.first_on
        -- one slice at a time
        and 0
        {%- for slice in kpi_slices() %}
        + case when {{ slice }} <> 'ALL' then 1 else 0 end
        {%- endfor %} <= 1
),

spine as (
    select months.month_start, members.section, members.member_code, members.kpi_code, kpis.kpi_name, kpis.unit, kpis.aggregation
    from (select distinct month_start from found) as months
    cross join (select distinct section, member_code, kpi_code from found) as members
    inner join {{ ref('dim_kpi') }} as kpis on members.kpi_code = kpis.kpi_code
),

-- a count without a KPI row in a month is 0. A stock without a row is 0 only where other members have one
filled as (
    select
        spine.*,
        found.numerator,
        found.denominator,
        found.is_small_base,
        found.kpi_code is not null as is_found,
        case
            when found.kpi_code is not null then found.value
            when spine.aggregation in ('count', 'distinct') or spine.aggregation = 'stock' and totals.kpi_code is not null then 0
        end as value
    from spine
    left join found
        on spine.month_start = found.month_start and spine.section = found.section and spine.member_code = found.member_code
            and spine.kpi_code = found.kpi_code
    left join found as totals
        on spine.month_start = totals.month_start and totals.section = 'TOTAL' and spine.kpi_code = totals.kpi_code
),

-- the name of a platform is the one at the end of the month
platform_names as (
    select
        months.month_start,
        platforms.platform_code,
        max_by(platforms.platform_name, platforms.valid_from) filter (where platforms.platform_name is not null) as platform_name
    from (select distinct month_start from found) as months
    inner join {{ ref('dim_platform') }} as platforms on platforms.valid_from <= last_day(months.month_start)
    group by months.month_start, platforms.platform_code
),

names as (
    select 'REGION' as section, region_code as member_code, region_name as member_name from {{ ref('dim_region') }}
    union all
    select 'ORGAN', org_code, org_name from {{ ref('dim_organization') }}
    union all
    select 'PLATFORM', platform_code, platform_name from {{ ref('dim_platform') }} where is_current
    union all
    select 'VIOLATION', violation_code, violation_name from {{ ref('dim_violation_type') }}
    union all
    select 'CATEGORY', category_code, category_name from {{ ref('dim_product_category') }}
    union all
    select 'PROVIDER', provider_code, provider_name from {{ ref('dim_provider') }}
    union all
    select distinct 'SOURCE', source, source_name from {{ ref('int_audit__dataset_rule') }}
    union all
    select coded.section, coded.member_code, coded.member_name
    from (
        values
        ('STOREFRONT_TYPE', 'SITE', '自建网站'),
        ('STOREFRONT_TYPE', 'SHOP', '网店'),
        ('STOREFRONT_TYPE', 'TAKEOUT', '外卖店'),
        ('STOREFRONT_TYPE', 'APP', '应用程序'),
        ('STOREFRONT_TYPE', 'MINI', '小程序'),
        ('STOREFRONT_TYPE', 'OA', '公众号'),
        ('STOREFRONT_TYPE', 'LIVEROOM', '直播间'),
        ('STOREFRONT_TYPE', 'PLATFORM', '平台')
    ) as coded (section, member_code, member_name)
)

select
    this_month.month_start,
    this_month.section,
    this_month.member_code,
    coalesce(
        platform_names.platform_name,
        names.member_name,
        case this_month.member_code when 'ALL' then '合计' when 'NONE' then '无' else this_month.member_code end
    ) as member_name,
    this_month.kpi_code,
    this_month.kpi_name,
    this_month.unit,
    this_month.numerator,
    this_month.denominator,
    coalesce(this_month.is_small_base, false) as is_small_base,
    cast(this_month.value as decimal(18, 4)) as value,
    cast(last_month.value as decimal(18, 4)) as value_last_month,
    cast(this_month.value - last_month.value as decimal(18, 4)) as change_on_month,
    cast(last_year.value as decimal(18, 4)) as value_last_year,
    cast(this_month.value - last_year.value as decimal(18, 4)) as change_on_year
from filled as this_month
left join filled as last_month
    on this_month.kpi_code = last_month.kpi_code and this_month.section = last_month.section
        and this_month.member_code = last_month.member_code
        and cast(date_trunc('month', {{ add_days('this_month.month_start', -1) }}) as date) = last_month.month_start
left join filled as last_year
    on this_month.kpi_code = last_year.kpi_code and this_month.section = last_year.section
        and this_month.member_code = last_year.member_code
        and extract(year from this_month.month_start) = extract(year from last_year.month_start) + 1
        and extract(month from this_month.month_start) = extract(month from last_year.month_start)
left join platform_names
    on this_month.section = 'PLATFORM' and this_month.member_code = platform_names.platform_code
        and this_month.month_start = platform_names.month_start
left join names on this_month.section = names.section and this_month.member_code = names.member_code
where this_month.section = 'TOTAL' or this_month.is_found or last_month.is_found or last_year.is_found
