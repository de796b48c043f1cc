-- Platforms by what their register said, one row per name or state that lasted.
with

ranked as (
    select
        *,
        row_number() over (partition by platform_code, _business_date order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__platforms') }}
),

marked as (
    select
        *,
        {{ row_fingerprint(['platform_name', 'platform_type', 'operator_name', 'uscc', 'region_code', 'is_local', 'disabled_on']) }}
            as fingerprint
    from ranked
    where nth = 1
),

changes as (
    select *, lag(fingerprint) over (partition by platform_code order by _business_date) as earlier_fingerprint
    from marked
),

starts as (
    select *
    from changes
    where earlier_fingerprint is null or earlier_fingerprint <> fingerprint
)

select
    platform_code,
    platform_name,
    platform_type,
    operator_name,
    {{ uscc_normalised('uscc') }} as uscc,
    region_code,
    is_local,
    enabled_on,
    disabled_on,
    _business_date as valid_from,
    lead(_business_date) over (partition by platform_code order by _business_date) as valid_to,
    lead(_business_date) over (partition by platform_code order by _business_date) is null as is_current
from starts
