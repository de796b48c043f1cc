-- a view and not ephemeral, because the gate reads it; on Spark a table, because the gate reads with DuckDB
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
select
    {{ case_no_normalised('case_no') }} as case_no,
    lead_no,
    cause,
    {{ list_text_to_json('violation_codes') }} as violation_codes,
    category_code,
    platform_code,
    org_code,
    region_code,
    procedure,
    filed_on,
    investigated_on,
    notified_on,
    hearing_on,
    decided_on,
    {{ case_no_normalised('decision_no') }} as decision_no,
    decision_type,
    served_on,
    published_on,
    closed_on,
    extension_days,
    excluded_days,
    legal_reviewed_on,
    transfer_target,
    updated_at,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__cases') }}
where counts and _disposition = 'loaded'
