-- The latest list of organs, with the five levels as columns. An organ that is missing from the latest list stays as inactive.
with

ranked as (
    select
        *,
        row_number() over (partition by org_code order by {{ latest_first() }}) as nth,
        max(_business_date) over () as latest_on
    from {{ ref('stg_five_level__organizations') }}
),

latest as (
    select org_code, org_name, org_level, parent_org_code, region_code, is_active and _business_date = latest_on as is_active
    from ranked
    where nth = 1
)

select
    own.org_code,
    own.org_name,
    own.org_level,
    own.parent_org_code,
    own.region_code,
    own.is_active,
    {{ organ_at_level(1) }} as level_1_name,
    {{ organ_at_level(2) }} as level_2_name,
    {{ organ_at_level(3) }} as level_3_name,
    {{ organ_at_level(4) }} as level_4_name,
    {{ organ_at_level(5) }} as level_5_name,
    false as is_inferred
from latest as own
left join latest as up1 on own.parent_org_code = up1.org_code
left join latest as up2 on up1.parent_org_code = up2.org_code
left join latest as up3 on up2.parent_org_code = up3.org_code
left join latest as up4 on up3.parent_org_code = up4.org_code

union all

-- an organ in no list gets a row with its code only, so that no reference is without a row
select inferred.code as org_code, inferred.code as org_name, null, null, null, false, null, null, null, null, null, true
from {{ inferred_codes('organ') }}
