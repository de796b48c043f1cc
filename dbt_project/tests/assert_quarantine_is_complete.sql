-- For each file, quarantine shows as many rows as the balance counts as quarantined.
with

shown as (
    select export_id, part, count(*) as rows_shown
    from {{ ref('quarantine') }}
    group by export_id, part
)

select balance.export_id, balance.part, balance.rows_quarantined, shown.rows_shown
from {{ ref('row_balance') }} as balance
full outer join shown on balance.export_id = shown.export_id and balance.part = shown.part
where coalesce(balance.rows_quarantined, 0) <> coalesce(shown.rows_shown, 0)
