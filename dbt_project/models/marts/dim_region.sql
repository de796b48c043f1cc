-- Regions with the codes of before; `UNMAPPED` stands for texts that nobody has mapped yet.
select
    region_code,
    region_name,
    region_name_en,
    cast(region_level as integer) as region_level,
    nullif(parent_region_code, '') as parent_region_code,
    valid_from,
    valid_to,
    current_region_code
from {{ ref('seed_region') }}
union all
select 'UNMAPPED', '未映射', 'Text that nobody has mapped yet', null, null, cast('2000-01-01' as date), null, 'UNMAPPED'
