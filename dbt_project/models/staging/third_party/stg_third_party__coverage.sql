with

counted as (
    select *
    from {{ ref('base_third_party__coverage') }}
    where counts and _disposition = 'loaded'
)

select
    counted.platform_text,
    counted.storefront_type_text,
    counted.platform_shop_id,
    counted.storefront_name,
    counted.url,
    counted.region_text,
    counted.scanned_at,
    counted.licence_shown,
    counted.link_status,
    coalesce(alias_platform.code, case when counted.platform_text is not null then 'UNMAPPED' end) as platform_code,
    coalesce(alias_storefront_type.code, case when counted.storefront_type_text is not null then 'UNMAPPED' end) as storefront_type,
    coalesce(alias_region.code, case when counted.region_text is not null then 'UNMAPPED' end) as region_code,
    counted._provider,
    counted._business_date,
    counted._delivery,
    counted._mode,
    counted._version,
    counted._part,
    counted._sheet,
    counted._row_number,
    counted._file_sha256,
    counted._export_id
from counted
left join {{ ref('seed_alias') }} as alias_platform
    on alias_platform.domain = 'platform' and alias_platform.alias_text = counted.platform_text
left join {{ ref('seed_alias') }} as alias_storefront_type
    on alias_storefront_type.domain = 'storefront_type' and alias_storefront_type.alias_text = counted.storefront_type_text
left join {{ ref('seed_alias') }} as alias_region
    on alias_region.domain = 'region' and alias_region.alias_text = counted.region_text
