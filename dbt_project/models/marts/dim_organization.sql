-- The latest list of organs, five levels flattened. An organ that is missing from the latest list is kept, inactive.
with

ranked as (
    select
        *,
        row_number() over (partition by org_code order by _business_date desc, _version desc, _row_number desc) as nth,
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
    {%- for level in range(1, 6) %}
    case
        when own.org_level = {{ level }} then own.org_name
        when up1.org_level = {{ level }} then up1.org_name
        when up2.org_level = {{ level }} then up2.org_name
        when up3.org_level = {{ level }} then up3.org_name
        when up4.org_level = {{ level }} then up4.org_name
    end as level_{{ level }}_name{% if not loop.last %},{% endif %}
    {%- endfor %}
from latest as own
left join latest as up1 on own.parent_org_code = up1.org_code
left join latest as up2 on up1.parent_org_code = up2.org_code
left join latest as up3 on up2.parent_org_code = up3.org_code
left join latest as up4 on up3.parent_org_code = up4.org_code
