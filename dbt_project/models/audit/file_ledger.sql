select
    source, provider, dataset, business_date, delivery, mode, version, part, role, original_name, file_sha256, byte_size,
    delivered_at, export_id, status, reject_code, reject_message, rows_read, rows_rejected, rows_duplicate, declared_rows,
    declared_amount, extra_columns
from {{ ref('stg_audit__file_ledger') }}
