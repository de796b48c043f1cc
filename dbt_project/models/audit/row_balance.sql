-- For each parsed file: the rows that the parser read, and what became of them. Both are counted independently.
with

counted as (
    select
        export_id,
        file_sha256,
        part,
        cast(sum(row_count) filter (where disposition = 'loaded') as bigint) as rows_loaded,
        cast(sum(row_count) filter (where disposition = 'quarantined') as bigint) as rows_quarantined,
        cast(sum(row_count) filter (where disposition = 'superseded') as bigint) as rows_superseded
    from {{ ref('int_row_disposition') }}
    group by export_id, file_sha256, part
),

exports as (
    select export_id, is_current_version
    from {{ ref('int_audit__export_status') }}
)

select
    files.source,
    files.provider,
    files.dataset,
    files.business_date,
    files.version,
    files.part,
    files.file_sha256,
    files.export_id,
    files.rows_read,
    coalesce(counted.rows_loaded, 0) as rows_loaded,
    coalesce(counted.rows_quarantined, 0) + case when exports.is_current_version then files.rows_rejected else 0 end as rows_quarantined,
    coalesce(counted.rows_superseded, 0) + case when exports.is_current_version then 0 else files.rows_rejected end as rows_superseded
from {{ ref('stg_audit__file_ledger') }} as files
inner join exports on files.export_id = exports.export_id
left join counted
    on files.export_id = counted.export_id and files.file_sha256 = counted.file_sha256 and files.part = counted.part
where files.status = 'parsed'
