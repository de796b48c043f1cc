-- Versions of each storefront by what matters, from rosters and deltas. Narrow on purpose: `int_storefront_state` adds the rest.
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
        _export_id,
        _part,
        _row_number,
        fingerprint,
        lag(fingerprint) over (partition by storefront_id order by _business_date) as earlier_fingerprint,
        lag(_business_date) over (partition by storefront_id order by _business_date) as earlier_seen_on,
        lead(_business_date) over (partition by storefront_id order by _business_date) as later_seen_on
    from ranked
    where nth = 1
),

rosters as (
    select distinct business_date as roster_on
    from {{ ref('int_audit__export_status') }}
    where source = 'five_level' and dataset = 'storefronts' and mode = 'full' and counts
),

-- the first roster after a day: whoever was seen on the day and is not in it was closed by then
next_rosters as (
    select days.seen_on, min(rosters.roster_on) as roster_on
    from (select distinct seen_on from daily) as days
    inner join rosters on days.seen_on < rosters.roster_on
    group by days.seen_on
),

starts as (
    select
        daily.storefront_id,
        daily.seen_on as valid_from,
        daily._export_id,
        daily._part,
        daily._row_number,
        case when missed.roster_on < daily.seen_on then missed.roster_on end as earlier_missing_on
    from daily
    left join next_rosters as missed on daily.earlier_seen_on = missed.seen_on
    where daily.earlier_seen_on is null
        or daily.earlier_fingerprint <> daily.fingerprint
        or missed.roster_on < daily.seen_on
),

ends as (
    select daily.storefront_id, missed.roster_on as missing_on
    from daily
    inner join next_rosters as missed on daily.seen_on = missed.seen_on
    where daily.later_seen_on is null
),

spans as (
    select
        *,
        row_number() over (partition by storefront_id order by valid_from) as version_no,
        lead(valid_from) over (partition by storefront_id order by valid_from) as later_valid_from,
        lead(earlier_missing_on) over (partition by storefront_id order by valid_from) as missing_on
    from starts
)

select
    spans.storefront_id,
    spans.version_no,
    spans.valid_from,
    case
        when spans.later_valid_from is not null then coalesce(spans.missing_on, spans.later_valid_from)
        else ends.missing_on
    end as valid_to,
    -- the row that began the version
    spans._export_id,
    spans._part,
    spans._row_number
from spans
left join ends on spans.storefront_id = ends.storefront_id
