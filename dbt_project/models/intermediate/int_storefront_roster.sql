-- The first full list after each day: a storefront of that day that is missing from the list counts as closed by then.
with

rosters as (
    select distinct business_date as roster_on
    from {{ ref('int_audit__export_status') }}
    where source = 'five_level' and dataset = 'storefronts' and mode = 'full' and counts
),

days as (
    select distinct business_date as seen_on
    from {{ ref('int_audit__export_status') }}
    where source = 'five_level' and dataset = 'storefronts' and counts
)

select days.seen_on, min(rosters.roster_on) as roster_on
from days
inner join rosters on days.seen_on < rosters.roster_on
group by days.seen_on
