-- Platforms with their values in the register and their public names, one row per period without a change.
-- A platform in no register gets a row with its code only, so that no reference is without a row.
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

registered as (
    select
        *,
        _business_date as valid_from,
        lead(_business_date) over (partition by platform_code order by _business_date) as valid_to
    from changes
    where earlier_fingerprint is null or earlier_fingerprint <> fingerprint
),

-- where a public name changes within a register's state, the state is split there
starts as (
    select platform_code, valid_from
    from registered
    union
    select names.platform_code, names.valid_from
    from {{ ref('seed_platform_name') }} as names
    inner join registered
        on names.platform_code = registered.platform_code and names.valid_from > registered.valid_from
            and (registered.valid_to is null or names.valid_from < registered.valid_to)
),

versions as (
    select
        platform_code,
        valid_from,
        lead(valid_from) over (partition by platform_code order by valid_from) as valid_to
    from starts
),

aliases as (
    select code as platform_code, {{ text_list('alias_text') }} as aliases
    from {{ ref('seed_alias') }}
    where domain = 'platform' and alias_text <> code
    group by code
),

unregistered as (
    select code as platform_code, min(alias_text) as platform_name, false as is_inferred
    from {{ ref('seed_alias') }}
    where domain = 'platform' and code not in (select registered.platform_code from registered)
    group by code
    union all
    select 'UNMAPPED', '未映射', false
    union all
    select inferred.code as platform_code, inferred.code as platform_name, true
    from {{ inferred_codes('platform') }}
)

select
    versions.platform_code,
    coalesce(names.platform_name, registered.platform_name) as platform_name,
    aliases.aliases,
    registered.platform_type,
    registered.operator_name,
    {{ uscc_normalised('registered.uscc') }} as uscc,
    {{ todays_region('regions', 'registered.region_code') }} as region_code,
    registered.is_local,
    true as is_registered,
    registered.enabled_on,
    registered.disabled_on,
    versions.valid_from,
    versions.valid_to,
    versions.valid_to is null as is_current,
    false as is_inferred
from versions
inner join registered
    on versions.platform_code = registered.platform_code and versions.valid_from >= registered.valid_from
        and (registered.valid_to is null or versions.valid_from < registered.valid_to)
left join {{ ref('seed_platform_name') }} as names
    on versions.platform_code = names.platform_code and versions.valid_from >= names.valid_from
        and (names.valid_to is null or versions.valid_from < names.valid_to)
left join aliases on versions.platform_code = aliases.platform_code
left join {{ ref('seed_region') }} as regions on registered.region_code = regions.region_code

union all

select
    unregistered.platform_code, unregistered.platform_name, aliases.aliases, null, null, null, null, null, false, null, null,
    cast('2015-01-01' as date), null, true,
    unregistered.is_inferred
from unregistered
left join aliases on unregistered.platform_code = aliases.platform_code
