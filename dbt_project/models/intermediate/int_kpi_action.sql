{{ config(materialized=handed_on()) }}
-- What inspections, guidance, platform checks and scans add to the KPIs. Actions (个次, 家次), not distinct things.
with

scans as (
    select
        cast(found.scanned_at as date) as scanned_on,
        storefronts.region_code,
        storefronts.storefront_type,
        count(*) as scan_count,
        sum(found.page_count) as page_count,
        sum(found.product_count) as product_count
    from (
        select *, row_number() over (partition by scan_no order by {{ latest_first() }}) as nth
        from {{ ref('stg_five_level__scans') }}
    ) as found
    inner join {{ ref('dim_storefront') }} as storefronts
        on found.storefront_id = storefronts.storefront_id and storefronts.valid_from <= cast(found.scanned_at as date)
            and (storefronts.valid_to is null or storefronts.valid_to > cast(found.scanned_at as date))
    where found.nth = 1
    group by all
)

select {{ kpi_atom('K15_INTERVIEWS', on='acted_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_guidance_action') }}
where action_type = 'INTERVIEW'
union all
select {{ kpi_atom('K15_VISITS', on='acted_on', key='platform_code', by={'region_code': 'region_code'}) }}
from {{ ref('fct_guidance_action') }}
where action_type = 'VISIT'
union all
select {{ kpi_atom('K15_NOTICES', on='acted_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_guidance_action') }}
where action_type = 'RECTIFICATION_NOTICE'
union all
select {{ kpi_atom('K15_CHECKS', on='checked_on', key='platform_code') }}
from {{ ref('fct_platform_check') }}
union all
select {{ kpi_atom('K15_ISSUES_SELF', on='found_on', by={'platform_code': 'platform_code'}) }}
from {{ ref('fct_platform_review_issue') }}
where found_by = 'SELF'
union all
select {{ kpi_atom('K15_ISSUES_REVIEW', on='found_on', by={'platform_code': 'platform_code'}) }}
from {{ ref('fct_platform_review_issue') }}
where found_by = 'REVIEW'
union all
select {{ kpi_atom(
    'K15_RECTIFIED_RATE',
    on='found_on',
    numerator="case when rectified_on is not null then 1 else 0 end",
    denominator='1',
    by={'platform_code': 'platform_code'}
) }}
from {{ ref('fct_platform_review_issue') }}
union all
select {{ kpi_atom(
    'P01',
    on='inspected_on',
    numerator="coalesce(item_count, 1)",
    by={'region_code': 'region_code'}
) }}
from {{ ref('fct_inspection') }}
where inspection_result = 'DELETED'
union all
select {{ kpi_atom('P02', on='inspected_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_inspection') }}
where inspection_result = 'ORDERED' and object_type = 'SITE'
union all
select {{ kpi_atom('P03', on='inspected_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_inspection') }}
where inspection_result = 'ORDERED' and object_type = 'SHOP'
union all
select {{ kpi_atom('P04', on='inspected_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_inspection') }}
where inspection_result = 'CLOSURE_REQUESTED'
union all
select {{ kpi_atom('P05', on='inspected_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_inspection') }}
where inspection_result = 'SERVICE_STOPPED'
union all
select {{ kpi_atom('P06', on='inspected_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_inspection') }}
where inspection_mode = 'ONLINE' and object_type in ('SITE', 'SHOP')
union all
select {{ kpi_atom('P07', on='inspected_on', by={'region_code': 'region_code'}) }}
from {{ ref('fct_inspection') }}
where inspection_mode = 'ON_SITE'
union all
select {{ kpi_atom('P08', on='scanned_on', numerator="scan_count", by={'region_code': 'region_code'}) }}
from scans
where storefront_type in ('SHOP', 'TAKEOUT')
union all
select {{ kpi_atom('P09', on='scanned_on', numerator="product_count", by={'region_code': 'region_code'}) }}
from scans
union all
select {{ kpi_atom('P10', on='scanned_on', numerator="scan_count", by={'region_code': 'region_code'}) }}
from scans
where storefront_type = 'SITE'
union all
select {{ kpi_atom('P11', on='scanned_on', numerator="page_count", by={'region_code': 'region_code'}) }}
from scans
