select
    files.source, files.provider, files.dataset, files.business_date, files.delivery, files.mode, files.version, files.part, files.role,
    files.original_name, files.file_sha256, files.byte_size, files.delivered_at, files.export_id, files.status, files.reject_code,
    files.reject_message, files.rows_read, files.rows_rejected, files.rows_duplicate, files.declared_rows, files.declared_amount,
    files.extra_columns,
    -- null where nothing is to be counted: evidence, markers
    exports.counts as is_counted
from {{ ref('stg_audit__file_ledger') }} as files
left join {{ ref('int_audit__export_status') }} as exports on files.export_id = exports.export_id
