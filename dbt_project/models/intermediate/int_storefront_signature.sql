-- A hash of the inputs of each storefront's history: its rows, and the full list that follows each. A changed hash means a changed history.
select
    found.storefront_id,
    {{ set_fingerprint(row_identity('found') + ['next_rosters.roster_on']) }} as signature
from {{ ref('stg_five_level__storefronts') }} as found
left join {{ ref('int_storefront_roster') }} as next_rosters on found._business_date = next_rosters.seen_on
group by found.storefront_id
