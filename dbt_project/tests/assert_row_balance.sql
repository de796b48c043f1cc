-- No row is lost: for every parsed file, rows read = loaded + quarantined + superseded.
select *
from {{ ref('row_balance') }}
where rows_read <> rows_loaded + rows_quarantined + rows_superseded
