-- Regions with their older codes; `UNMAPPED` stands for texts without an alias.
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
-- places outside the city, and unknown codes
select
    inferred.code as region_code,
    '市外或未知 ' || inferred.code as region_name,
    'Outside the city or unknown: ' || inferred.code as region_name_en,
    null as region_level,
    null as parent_region_code,
    cast('2000-01-01' as date) as valid_from,
    null as valid_to,
    inferred.code as current_region_code,
    true as is_inferred
from {{ inferred_codes('region') }}
