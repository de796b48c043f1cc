-- The counties with today's codes.
select region_code, region_name, region_name_en
from marts.dim_region
where region_level = 4 and valid_to is null
order by region_code
