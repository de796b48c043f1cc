-- What does not count and why: failed exports, and those that wait behind one.
select
    source, provider, dataset, business_date, delivery, mode, version, fail_codes, is_held, rows_read, expected_rows, amount,
    declared_amount
from {{ ref('int_audit__export_status') }}
where is_current_version and not counts
