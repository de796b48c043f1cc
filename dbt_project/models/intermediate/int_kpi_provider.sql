{{ config(materialized=handed_on()) }}
-- What each lead that a provider sent, and each row of its coverage, adds to the KPIs of providers.
select {{ kpi_atom(
    'K17',
    on='business_date',
    numerator="case when is_duplicate then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
union all
select {{ kpi_atom(
    'K18',
    on='business_date',
    numerator="case when is_evidence_valid then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
union all
select {{ kpi_atom(
    'K19',
    on='business_date',
    numerator="case when is_on_time then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
where is_on_time is not null
union all
select {{ kpi_atom(
    'Q01_ACCURACY',
    on='business_date',
    numerator="case when is_founded then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
where is_founded is not null
union all
select {{ kpi_atom(
    'Q02_VALID',
    on='business_date',
    numerator="case when is_taken_up then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
union all
select {{ kpi_atom(
    'Q03_COMPLETE',
    on='business_date',
    numerator="case when is_complete then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
union all
select {{ kpi_atom(
    'Q04_LOCATION',
    on='business_date',
    numerator="case when is_region_right then 1 else 0 end",
    denominator='1',
    by={'provider_code': 'provider_code'}
) }}
from {{ ref('int_provider_submission') }}
where is_region_right is not null
union all
select {{ kpi_atom(
    'Q05_LINK',
    on='_business_date',
    numerator="case when link_status in ('正常', 'OK') then 1 else 0 end",
    denominator='1',
    by={'provider_code': '_provider'}
) }}
from {{ ref('stg_third_party__coverage') }}
where link_status is not null
