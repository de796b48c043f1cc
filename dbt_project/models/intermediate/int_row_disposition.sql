-- depends_on: {{ ref('int_audit__export_status') }}
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
-- What became of every parsed row, in one pass: loaded rows counted per file, all others one by one. Kept between builds:
-- only new exports are read, and those that another version replaces or no longer replaces.
{{ config(materialized=kept_by_row(), pre_hook="{{ forget_revalued_exports() }}") }}
{%- for source_name, dataset, node in contract_datasets() %}
select
    '{{ source_name }}' as source,
    '{{ dataset }}' as dataset,
    _provider as provider,
    _business_date as business_date,
    _export_id as export_id,
    is_current_version,
    _file_sha256 as file_sha256,
    _part as part,
    _disposition as disposition,
    case when _disposition = 'quarantined' then _sheet end as sheet,
    case when _disposition = 'quarantined' then _row_number end as row_number,
    case when _disposition = 'quarantined' then _reason_codes end as reason_codes,
    count(*) as row_count
from {{ ref('base_' ~ source_name ~ '__' ~ dataset) }}
{% if is_incremental() -%}
where _export_id not in (select known.export_id from {{ this }} as known)
{% endif -%}
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
{% if not loop.last %}union all{% endif %}
{%- endfor %}
