-- The versions of each storefront by its significant columns, from rosters and deltas. Few columns on purpose: `int_storefront_state` adds
-- the rest. Kept between builds: only storefronts whose history is made from other rows than before are built again.
{{ config(materialized=kept_by_row(), pre_hook="{{ forget_changed_storefronts() }}") }}
with

changed as (
    {{ changed_storefronts() }}
),

tracked as (
    select
        found.storefront_id,
        found._business_date,
        found._version,
        found._delivery,
        found._part,
        found._sheet,
        found._row_number,
        found._export_id,
        {{ row_fingerprint([
            'storefront_type', 'storefront_name', 'platform_code', 'platform_shop_id', 'url', 'icp_no', 'operator_name', 'uscc',
            'operator_kind', 'licence_no', 'region_code', 'business_region_code', 'category_code', 'is_trading',
            'business_licence_displayed', 'permit_displayed', 'status',
        ]) }} as fingerprint
    from {{ ref('stg_five_level__storefronts') }} as found
    {%- if is_incremental() %}
    -- a full build needs all storefronts; joining with all of them would only cost memory
    inner join changed on found.storefront_id = changed.storefront_id
    {%- endif %}
),

ranked as (
    select *, row_number() over (partition by storefront_id, _business_date order by {{ latest_first() }}) as nth
    from tracked
),

daily as (
    select
        storefront_id,
        _business_date as seen_on,
        {{ row_fingerprint(row_identity()) }} as row_identity,
        fingerprint,
        lag(fingerprint) over (partition by storefront_id order by _business_date) as earlier_fingerprint,
        lag(_business_date) over (partition by storefront_id order by _business_date) as earlier_seen_on,
        lead(_business_date) over (partition by storefront_id order by _business_date) as later_seen_on
    from ranked
    where nth = 1
),

next_rosters as (
    select seen_on, roster_on
    from {{ ref('int_storefront_roster') }}
),

starts as (
    select
        daily.storefront_id,
        daily.seen_on as valid_from,
        daily.row_identity,
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
    changed.signature,
    spans.version_no,
    spans.valid_from,
    case
        when spans.later_valid_from is not null then coalesce(spans.missing_on, spans.later_valid_from)
        else ends.missing_on
    end as valid_to,
    -- of the row that began the version
    spans.row_identity
from spans
inner join changed on spans.storefront_id = changed.storefront_id
left join ends on spans.storefront_id = ends.storefront_id
