-- Every bad row: where it stands and why. Its values stay in landing; they come here masked in a later version.
with

bad_rows as (
    select source, provider, dataset, business_date, part, sheet, row_number, file_sha256, reason_codes
    from {{ ref('int_row_disposition') }}
    where disposition = 'quarantined'

    union all

    select _source, _provider, _dataset, _business_date, _part, _sheet, _row_number, _file_sha256, _reason_code
    from {{ source('raw_audit', 'rejects') }}
    where _batch_id in (select batch_id from {{ ref('stg_audit__file_ledger') }})
)

select *, business_date as first_seen_on
from bad_rows
