-- The landed rows of one dataset that published rows come from: rows of the version that counts, neither repeated in their file nor in
-- quarantine. Of the rows behind one published row, the latest that may speak gives its value.
with

counted as (
    select export_id, part, original_name
    from audit.file_ledger
    where is_counted and source = '{source}' and dataset = '{dataset}'
),

current_rows as (
    select raw.*, counted.original_name as _original_name
    from read_parquet('{files}', union_by_name = true, hive_partitioning = false) as raw
    inner join counted on raw._export_id = counted.export_id and raw._part = counted.part
    where raw._batch_id in (select batch_id from read_parquet('{ledger}', union_by_name = true, hive_partitioning = false))
        and not raw._is_duplicate
),

good as (
    select current_rows.*, {corrections} as _corrections
    from current_rows
    left join audit.quarantine as bad
        on current_rows._export_id = bad.export_id and current_rows._part = bad.part and current_rows._sheet = bad.sheet
            and current_rows._row_number = bad.row_number
    where bad.export_id is null
),

speaking as (
    select
        origin.*,
        {speaks} as may_speak,
        row_number() over (
            partition by {key}, {speaks}
            order by {latest_first}
        ) as nth
    from {traced}, good as origin
    where {where}
)

select
    _source, _provider, _dataset, _business_date, _version, _original_name, _part, _sheet, _row_number, _file_sha256,
    _export_id, bool_or(may_speak and nth = 1), _corrections
from speaking
group by all
