-- The exports that do not count, and why: failed exports, and those that wait for a failed one.
select
    source, provider, dataset, business_date, delivery, mode, version, export_id, fail_codes, is_held, is_waived, rows_read,
    expected_rows, usual_rows, amount, declared_amount
from {{ ref('int_audit__export_status') }}
where is_current_version and not counts
