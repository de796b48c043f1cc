-- One month's bulletin, with numerator and denominator of the ratios.
with

bases as (
    select kpi_code, numerator, denominator, 'TOTAL' as section, 'ALL' as member_code
    from reports.rpt_kpi
    where period_type = 'month' and period_start = $month and region_code = 'ALL' and org_code = 'ALL' and storefront_type = 'ALL'
        and platform_code = 'ALL' and violation_code = 'ALL' and category_code = 'ALL' and source_code = 'ALL' and provider_code = 'ALL'
)

select
    bulletin.section, bulletin.member_code, bulletin.member_name, bulletin.kpi_code, bulletin.value, bulletin.change_on_month,
    bulletin.change_on_year, bases.numerator, bases.denominator
from reports.rpt_monthly_bulletin as bulletin
left join bases
    on bulletin.section = bases.section and bulletin.member_code = bases.member_code and bulletin.kpi_code = bases.kpi_code
where bulletin.month_start = $month and bulletin.section in ('TOTAL', 'REGION', 'PLATFORM', 'VIOLATION', 'CATEGORY')
order by bulletin.section, bulletin.member_code, bulletin.kpi_code
