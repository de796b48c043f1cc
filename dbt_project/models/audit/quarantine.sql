-- Every bad row: its place in the file, why it is bad, and its values with personal data masked.
with

bad_rows as (
    select source, provider, dataset, business_date, part, sheet, row_number, file_sha256, export_id, reason_codes
    from {{ ref('int_row_disposition') }}
    where disposition = 'quarantined'
),

bad_batches as (
    select distinct batch_id
    from {{ ref('stg_audit__file_ledger') }}
    where export_id in (select export_id from bad_rows)
),

original as (
    {%- for source_name, dataset, node in contract_datasets() %}
    select bad_rows.*, {{ original_values(node.columns, 'raw.') }} as original_values
    from {{ source(source_name, dataset) }} as raw
    inner join bad_rows
        on raw._export_id = bad_rows.export_id and raw._file_sha256 = bad_rows.file_sha256 and raw._part = bad_rows.part
            and raw._sheet = bad_rows.sheet and raw._row_number = bad_rows.row_number
    where bad_rows.source = '{{ source_name }}' and bad_rows.dataset = '{{ dataset }}'
        -- files of other batches are not opened beyond their statistics
        and raw._batch_id in (select batch_id from bad_batches)
    union all
    {%- endfor %}
    -- lines that are no rows; the parser masked them
    select
        exports.source, exports.provider, exports.dataset, exports.business_date, rejects._part, rejects._sheet,
        rejects._row_number, rejects._file_sha256, rejects._export_id, rejects._reason_code, rejects._raw_line
    from {{ source('raw_audit', 'rejects') }} as rejects
    inner join {{ ref('int_audit__export_status') }} as exports on rejects._export_id = exports.export_id
    where exports.is_current_version and rejects._batch_id in (select batch_id from {{ ref('stg_audit__file_ledger') }})
),

files as (
    select distinct file_sha256, export_id, part, original_name
    from {{ ref('stg_audit__file_ledger') }}
)

select
    {{ stable_key(['original.export_id', 'original.part', 'original.sheet', 'original.row_number']) }} as quarantine_key,
    original.source,
    original.provider,
    original.dataset,
    original.business_date,
    files.original_name,
    original.part,
    original.sheet,
    original.row_number,
    original.file_sha256,
    original.export_id,
    original.reason_codes,
    {{ masked('original.original_values') }} as original_values,
    original.business_date as first_seen_on
from original
left join files
    on original.file_sha256 = files.file_sha256 and original.export_id = files.export_id and original.part = files.part
