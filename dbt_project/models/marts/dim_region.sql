-- Regions with the codes of before; `UNMAPPED` stands for texts that nobody has mapped yet.
select
    region_code,
    region_name,
    region_name_en,
    cast(region_level as integer) as region_level,
    nullif(parent_region_code, '') as parent_region_code,
    valid_from,
    valid_to,
    current_region_code,
    false as is_inferred
from {{ ref('seed_region') }}
union all
select 'UNMAPPED', '未映射', 'Text that nobody has mapped yet', null, null, cast('2000-01-01' as date), null, 'UNMAPPED', false
union all
-- places outside the city, and codes that nobody knows
select
    inferred.code, '市外或未知 ' || inferred.code, 'Outside the city or unknown: ' || inferred.code, null, null,
    cast('2000-01-01' as date), null, inferred.code, true
from {{ inferred_codes('region') }}
