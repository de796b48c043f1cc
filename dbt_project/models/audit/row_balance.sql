-- depends_on: {{ ref('base_five_level__organizations') }}
-- depends_on: {{ ref('base_five_level__monitoring_tasks') }}
-- depends_on: {{ ref('base_five_level__storefronts') }}
-- depends_on: {{ ref('base_five_level__leads') }}
-- depends_on: {{ ref('base_five_level__lead_events') }}
-- depends_on: {{ ref('base_five_level__scans') }}
-- depends_on: {{ ref('base_jiangxi__platforms') }}
-- depends_on: {{ ref('base_jiangxi__inspections') }}
-- depends_on: {{ ref('base_jiangxi__platform_checks') }}
-- depends_on: {{ ref('base_jiangxi__guidance_actions') }}
-- depends_on: {{ ref('base_jiangxi__platform_reviews') }}
-- depends_on: {{ ref('base_jiangxi__leads') }}
-- depends_on: {{ ref('base_jiangxi__cases') }}
-- depends_on: {{ ref('base_jiangxi__case_parties') }}
-- depends_on: {{ ref('base_jiangxi__case_penalties') }}
-- depends_on: {{ ref('base_third_party__leads') }}
-- depends_on: {{ ref('base_third_party__coverage') }}
-- Per parsed file: what the parser read, against what became of each row. The two are counted apart.
with

dispositions as (
    {%- for source_name, dataset, node in contract_datasets() %}
    select _export_id, _file_sha256, _part, _disposition, count(*) as row_count
    from {{ ref('base_' ~ source_name ~ '__' ~ dataset) }}
    group by all
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

counted as (
    select
        _export_id as export_id,
        _file_sha256 as file_sha256,
        _part as part,
        sum(row_count) filter (where _disposition = 'loaded') as rows_loaded,
        sum(row_count) filter (where _disposition = 'quarantined') as rows_quarantined,
        sum(row_count) filter (where _disposition = 'superseded') as rows_superseded
    from dispositions
    group by all
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
