-- a view and not ephemeral, because the gate reads it; on Spark a table, because the gate reads with DuckDB
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
with

counted as (
    select *
    from {{ ref('base_third_party__leads') }}
    where counts and _disposition = 'loaded'
)

select
    counted.provider_lead_no,
    counted.monitoring_task,
    counted.found_on,
    counted.platform_text,
    counted.storefront_type_text,
    counted.storefront_name,
    counted.platform_shop_id,
    counted.url,
    counted.product_name,
    counted.product_url,
    counted.price,
    counted.sales_count,
    counted.operator_name,
    counted.uscc,
    counted.registered_address,
    counted.actual_address,
    counted.contact_phone,
    counted.region_text,
    counted.violation_text,
    counted.description,
    counted.legal_text,
    counted.category_text,
    counted.evidence_file,
    counted.captured_at,
    counted.evidence_sha256,
    counted.remark,
    coalesce(alias_platform.code, case when counted.platform_text is not null then 'UNMAPPED' end) as platform_code,
    coalesce(alias_storefront_type.code, case when counted.storefront_type_text is not null then 'UNMAPPED' end) as storefront_type,
    coalesce(alias_region.code, case when counted.region_text is not null then 'UNMAPPED' end) as region_code,
    coalesce(alias_violation.code, case when counted.violation_text is not null then 'UNMAPPED' end) as violation_code,
    coalesce(alias_category.code, case when counted.category_text is not null then 'UNMAPPED' end) as category_code,
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
left join {{ ref('seed_alias') }} as alias_violation
    on alias_violation.domain = 'violation' and alias_violation.alias_text = counted.violation_text
left join {{ ref('seed_alias') }} as alias_category
    on alias_category.domain = 'category' and alias_category.alias_text = counted.category_text
