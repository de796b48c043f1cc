-- a view and not ephemeral, because the gate reads it; on Spark a table, because the gate reads with DuckDB
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
select
    lead_no,
    task_no,
    discovered_at,
    discovered_by_level,
    source_channel,
    external_ref,
    storefront_id,
    storefront_name,
    platform_code,
    url,
    product_name,
    product_url,
    operator_name,
    uscc,
    region_code,
    violation_codes,
    category_code,
    description,
    handling_org_code,
    updated_at,
    {{ lineage_columns() }}
from {{ ref('base_five_level__leads') }}
where counts and _disposition = 'loaded'
