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
-- Every bad row: where it stands and why. Its values stay in landing; they come here masked in a later version.
with

bad_rows as (
    {%- for source_name, dataset, node in contract_datasets() %}
    select
        '{{ source_name }}' as source, _provider as provider, '{{ dataset }}' as dataset, _business_date as business_date,
        _part as part, _sheet as sheet, _row_number as row_number, _file_sha256 as file_sha256, _reason_codes as reason_codes
    from {{ ref('base_' ~ source_name ~ '__' ~ dataset) }}
    where _disposition = 'quarantined'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

    union all

    select _source, _provider, _dataset, _business_date, _part, _sheet, _row_number, _file_sha256, _reason_code
    from {{ source('raw_audit', 'rejects') }}
    where _batch_id in (select batch_id from {{ ref('stg_audit__file_ledger') }})
)

select *, business_date as first_seen_on
from bad_rows
