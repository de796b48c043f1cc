-- Versions of each storefront by what matters, from rosters and deltas. Narrow windows first; the wide row joins at the end.
with

tracked as (
    select
        storefront_id,
        _business_date,
        _version,
        _delivery,
        _part,
        _sheet,
        _row_number,
        _export_id,
        {{ row_fingerprint([
            'storefront_type', 'storefront_name', 'platform_code', 'platform_shop_id', 'url', 'icp_no', 'operator_name', 'uscc',
            'operator_kind', 'licence_no', 'region_code', 'business_region_code', 'category_code', 'is_trading',
            'business_licence_displayed', 'permit_displayed', 'status',
        ]) }} as fingerprint
    from {{ ref('stg_five_level__storefronts') }}
),

ranked as (
    select *, row_number() over (partition by storefront_id, _business_date order by {{ latest_first() }}) as nth
    from tracked
),

daily as (
    select
        storefront_id,
        _business_date as seen_on,
        fingerprint,
        lag(fingerprint) over (partition by storefront_id order by _business_date) as earlier_fingerprint,
        lag(_business_date) over (partition by storefront_id order by _business_date) as earlier_seen_on,
        lead(_business_date) over (partition by storefront_id order by _business_date) as next_seen_on
    from ranked
    where nth = 1
),

rosters as (
    select distinct business_date as roster_on
    from {{ ref('int_audit__export_status') }}
    where source = 'five_level' and dataset = 'storefronts' and mode = 'full' and counts
),

-- the first roster after a row: whoever is not in it was closed on its day
followed as (
    select daily.*, min(rosters.roster_on) as next_roster_on
    from daily
    left join rosters
        on daily.seen_on < rosters.roster_on
            and rosters.roster_on <= {{ add_days('daily.seen_on', 62) }}
    group by all
),

gaps as (
    select
        *,
        case
            when next_roster_on is not null and (next_seen_on is null or next_seen_on > next_roster_on) then next_roster_on
        end as missing_on
    from followed
),

flagged as (
    select
        *,
        lag(missing_on) over (partition by storefront_id order by seen_on) as earlier_missing_on
    from gaps
),

starts as (
    select
        *,
        earlier_seen_on is null or earlier_missing_on is not null or earlier_fingerprint <> fingerprint as is_start
    from flagged
),

numbered as (
    select *, sum(case when is_start then 1 else 0 end) over (partition by storefront_id order by seen_on) as version_no
    from starts
),

spans as (
    select
        storefront_id,
        version_no,
        min(seen_on) as valid_from,
        max(missing_on) as missing_on
    from numbered
    group by storefront_id, version_no
)

select
    storefront_id,
    version_no,
    valid_from,
    coalesce(
        missing_on,
        lead(valid_from) over (partition by storefront_id order by version_no)
    ) as valid_to
from spans
