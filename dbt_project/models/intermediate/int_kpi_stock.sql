{{ config(materialized=handed_on()) }}
-- Stocks: the number at the end of a month (storefronts) or of a day (open leads). They are never summed over time.
with

months as (
    select
        month_start,
        region_code,
        storefront_type,
        platform_code,
        count(*) as active_count,
        count(*) filter (where is_scanned) as scanned_count,
        count(*) filter (where is_scanned and business_licence_displayed) as displayed_count
    from {{ ref('fct_storefront_monthly') }}
    where is_active
    group by month_start, region_code, storefront_type, platform_code
),

days as (
    select date_on, working_day_seq
    from {{ ref('dim_date') }}
    where date_on between (select cast(min(discovered_at) as date) from {{ ref('fct_lead') }})
        and (select as_of_date from {{ ref('int_as_of') }})
),

open_leads as (
    select
        days.date_on,
        leads.region_code,
        leads.handling_org_code,
        case when leads.verify_due_on < days.date_on then 1 else 0 end as overdue,
        case when leads.verify_due_on >= days.date_on and due.working_day_seq - days.working_day_seq <= 7 then 1 else 0 end as due_soon
    from days
    inner join {{ ref('fct_lead') }} as leads
        on cast(leads.discovered_at as date) <= days.date_on
            and (leads.verify_ended_at is null or cast(leads.verify_ended_at as date) > days.date_on)
    inner join {{ ref('dim_date') }} as due on leads.verify_due_on = due.date_on
)

select {{ kpi_atom(
    'K01',
    on='month_start',
    numerator='active_count',
    by={'region_code': 'region_code', 'storefront_type': 'storefront_type', 'platform_code': 'platform_code'}
) }}
from months
union all
select {{ kpi_atom(
    'K02',
    on='month_start',
    numerator='scanned_count',
    denominator='active_count',
    by={'region_code': 'region_code', 'storefront_type': 'storefront_type', 'platform_code': 'platform_code'}
) }}
from months
union all
select {{ kpi_atom(
    'K04',
    on='month_start',
    numerator='displayed_count',
    denominator='scanned_count',
    by={'region_code': 'region_code', 'storefront_type': 'storefront_type', 'platform_code': 'platform_code'}
) }}
from months
union all
select {{ kpi_atom(
    'K20_OVERDUE',
    on='date_on',
    numerator='sum(overdue)',
    by={'region_code': 'region_code', 'org_code': 'handling_org_code'}
) }}
from open_leads
group by date_on, region_code, handling_org_code
union all
select {{ kpi_atom(
    'K20_DUE_SOON',
    on='date_on',
    numerator='sum(due_soon)',
    by={'region_code': 'region_code', 'org_code': 'handling_org_code'}
) }}
from open_leads
group by date_on, region_code, handling_org_code
