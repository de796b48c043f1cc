-- The figures that the bureau published, with the values of the warehouse.
with

years as (
    select
        figures.*,
        cast(figures.year || '-01-01' as date) as year_start,
        cast((figures.year + 1) || '-01-01' as date) as year_end
    from {{ ref('seed_published_figure') }} as figures
),

period as (
    select distinct year, year_start, year_end
    from years
),

stocks as (
    select period.year, storefronts.storefront_type, count(*) as stock
    from period
    inner join {{ ref('fct_storefront_monthly') }} as storefronts
        on storefronts.is_active and {{ add_days('storefronts.month_start', 31) }} >= period.year_end
            and storefronts.month_start < period.year_end
    group by all
),

found as (
    select
        year, case storefront_type
            when 'SITE' then 'self_built_sites' when 'SHOP' then 'platform_shops' when 'TAKEOUT' then 'takeaway_shops'
        end as figure_code, cast(stock as decimal(18, 2)) as warehouse_value
    from stocks
    where storefront_type in ('SITE', 'SHOP', 'TAKEOUT')

    union all
    select period.year, 'leads_handled', count(*)
    from period inner join {{ ref('fct_lead') }} as leads on leads.closed_at >= period.year_start and leads.closed_at < period.year_end
    where leads.result_code not in ('DUPLICATE', 'NOT_JURISDICTION')
    group by period.year

    union all
    select period.year, 'platform_interviews', count(*)
    from period inner join {{ ref('fct_guidance_action') }} as actions
        on actions.acted_on >= period.year_start and actions.acted_on < period.year_end
    where actions.action_type = 'INTERVIEW'
    group by period.year

    union all
    select period.year, 'platforms_visited', count(distinct actions.platform_code)
    from period inner join {{ ref('fct_guidance_action') }} as actions
        on actions.acted_on >= period.year_start and actions.acted_on < period.year_end
    where actions.action_type = 'VISIT'
    group by period.year

    union all
    select period.year, 'rectification_notices', count(*)
    from period inner join {{ ref('fct_guidance_action') }} as actions
        on actions.acted_on >= period.year_start and actions.acted_on < period.year_end
    where actions.action_type = 'RECTIFICATION_NOTICE'
    group by period.year

    union all
    select period.year, 'platforms_reviewed', count(distinct checks.platform_code)
    from period inner join {{ ref('fct_platform_check') }} as checks
        on checks.checked_on >= period.year_start and checks.checked_on < period.year_end
    group by period.year

    union all
    select period.year, case issues.found_by when 'SELF' then 'issues_self_found' else 'issues_review_found' end, count(*)
    from period inner join {{ ref('fct_platform_review_issue') }} as issues
        on issues.found_on >= period.year_start and issues.found_on < period.year_end
    group by all

    union all
    select period.year, 'issues_rectified', count(*)
    from period inner join {{ ref('fct_platform_review_issue') }} as issues
        on issues.rectified_on >= period.year_start and issues.rectified_on < period.year_end
    group by period.year

    union all
    select period.year, 'cases_filed', count(*)
    from period inner join {{ ref('fct_case') }} as cases on cases.filed_on >= period.year_start and cases.filed_on < period.year_end
    group by period.year

    union all
    select period.year, 'penalties_total', sum(cases.penalty_total)
    from period inner join {{ ref('fct_case') }} as cases
        on cases.decided_on >= period.year_start and cases.decided_on < period.year_end
    group by period.year
)

select
    years.figure_code,
    years.figure_name,
    years.figure_name_en,
    years.unit,
    years.year,
    years.published_value,
    years.is_lower_bound,
    years.next_step,
    found.warehouse_value,
    coalesce(
        case
            when years.is_lower_bound
                then found.warehouse_value >= years.published_value and found.warehouse_value < years.next_step
            else found.warehouse_value = years.published_value
        end,
        false
    ) as agrees,
    years.source as published_in
from years
left join found on years.figure_code = found.figure_code and years.year = found.year
