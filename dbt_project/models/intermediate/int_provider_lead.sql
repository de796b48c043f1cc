{{ config(materialized='ephemeral') }}
-- A provider's leads, each once with its latest values. Lead numbers are unique only within a delivery, so the delivery is part of the key.
with

ranked as (
    select
        *,
        coalesce(nullif(_delivery, ''), cast(_business_date as {{ dbt.type_string() }})) as delivery,
        row_number() over (
            partition by _provider, _business_date, _delivery, provider_lead_no order by {{ latest_first() }}
        ) as nth
    from {{ ref('stg_third_party__leads') }}
)

select
    *,
    {{ stable_key(["'third_party'", '_provider', 'provider_lead_no', 'delivery']) }} as submission_key
from ranked
where nth = 1
