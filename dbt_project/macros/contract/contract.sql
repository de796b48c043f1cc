{#- Returns the contract of a dataset from dbt's graph; the source YAML is the only place where it is written. -#}
{% macro contract_of(source_name, dataset) -%}
    {%- for node in graph.sources.values() if node.source_name == source_name and node.name == dataset -%}
        {{ return(node) }}
    {%- endfor -%}
{%- endmacro %}

{#- Null, or the codes of all reasons why a row breaks its contract. -#}
{% macro reason_codes(columns, extra_rules) -%}
    nullif(concat_ws(','
    {%- for column in columns.values() %}
        {%- set meta = column.config.meta %}
        {%- set raw = 'raw.' ~ column.name %}
        {%- if meta.required %},
        case when {{ raw }} is null then 'REQUIRED:{{ column.name }}' end
        {%- endif %}
        {%- if meta.alias_domain %},
        case when {{ raw }} is not null and alias_{{ column.name }}.code is null then 'CODE:{{ column.name }}' end
        {%- elif column.data_type in ('integer', 'decimal', 'boolean', 'date', 'timestamp', 'json') %},
        case when {{ raw }} is not null and {{ typed(raw, column.data_type) }} is null then 'TYPE:{{ column.name }}' end
        {%- endif %}
        {%- if meta.codes %},
        case when {{ raw }} not in ('{{ meta.codes | join("', '") }}') then 'CODE:{{ column.name }}' end
        {%- endif %}
        {%- if meta.pattern %},
        case when not {{ matches(raw, meta.pattern) }} then 'PATTERN:{{ column.name }}' end
        {%- endif %}
        {%- if meta.minimum is defined %},
        case when {{ typed(raw, column.data_type) }} < {{ meta.minimum }} then 'RANGE:{{ column.name }}' end
        {%- endif %}
        {%- if meta.happened %},
        case when {{ typed(raw, column.data_type) }} < date '2000-01-01' then 'RANGE:{{ column.name }}' end,
        case
            when cast({{ typed(raw, column.data_type) }} as date) > {{ add_days('raw._business_date', 1) }} then 'AHEAD:{{ column.name }}'
        end
        {%- endif %}
    {%- endfor %}
    {%- for rule in extra_rules %},
        case when {{ rule.broken_when }} then '{{ rule.code }}' end
    {%- endfor %}
    ), '')
{%- endmacro %}

{#-
    Every row of a dataset with its typed values and its reason codes, which depend on the file and the contract only. An incremental
    model adds the exports that it does not have yet. It uses no watermark, so that a late export of an old date is never missed.
-#}
{% macro typed_rows(source_name, dataset, extra_rules=[]) -%}
{%- set node = contract_of(source_name, dataset) if execute else none -%}
{%- set columns = node.columns if node else {} -%}
{#- outside of any condition, so that dbt sees the dependency while it parses -#}
{%- set aliases = ref('seed_alias') -%}
{%- set corrections = source('raw_audit', 'corrections') -%}
{%- set corrected = var('corrected_columns', {}).get(source_name ~ '.' ~ dataset, []) -%}
{%- set amount = node.config.meta.amount_column if node else none -%}
with

wanted as (
    select batch_id, export_id
    from {{ ref('stg_audit__file_ledger') }}
    where source = '{{ source_name }}' and dataset = '{{ dataset }}' and rows_read > rows_rejected
    {%- if is_incremental() %}
        and {{ is_to_be_taken_up(source_name, dataset) }}
    {%- endif %}
    group by batch_id, export_id
),

{{ 'landed' if corrected else 'raw' }} as (
    select raw_rows.*
    from {{ source(source_name, dataset) }} as raw_rows
    -- the condition on batches comes first: of files of other batches DuckDB then reads only the statistics
    where raw_rows._batch_id in (select wanted.batch_id from wanted)
        and raw_rows._export_id in (select wanted.export_id from wanted)
)
{%- if corrected %},

{{ corrected_rows(source_name, dataset, columns, node.config.meta.key if node else [], corrected, corrections, amount) }}
{%- endif %}

select
{%- for column in columns.values() %}
    {%- if column.config.meta.alias_domain %}
    alias_{{ column.name }}.code as {{ column.name }},
    {%- else %}
    {{ typed('raw.' ~ column.name, column.data_type) }} as {{ column.name }},
    {%- endif %}
{%- endfor %}
    {{ reason_codes(columns, extra_rules) }} as _reason_codes,
    {%- if amount %}
    -- the source's own value, because the control total is the sum of these
    {{ typed('raw.' ~ ('_sent_amount' if amount in corrected else amount), columns[amount].data_type) }} as _sent_amount,
    {%- endif %}
    raw._provider,
    raw._business_date,
    raw._delivery,
    raw._mode,
    raw._version,
    raw._part,
    raw._sheet,
    raw._row_number,
    raw._file_sha256,
    raw._export_id,
    raw._is_duplicate
    {{- raw_month() }}
from raw
{%- for column in columns.values() if column.config.meta.alias_domain %}
left join {{ aliases }} as alias_{{ column.name }}
    on alias_{{ column.name }}.domain = '{{ column.config.meta.alias_domain }}'
    and alias_{{ column.name }}.alias_text = raw.{{ column.name }}
{%- endfor %}
{%- endmacro %}

{#-
    Rows with corrected values, before they are checked and typed. A correction applies only while a row still has the wrong value: a value
    that the source has corrected itself stays.
-#}
{% macro corrected_rows(source_name, dataset, columns, key, corrected, corrections, amount) -%}
raw as (
    select
    {%- for column in columns.values() %}
        {%- if column.name in corrected %}
        case when fix_{{ column.name }}.row_key is not null then fix_{{ column.name }}.right_value else landed.{{ column.name }} end as {{ column.name }},
        {%- else %}
        landed.{{ column.name }},
        {%- endif %}
    {%- endfor %}
        {%- if amount in corrected %}
        landed.{{ amount }} as _sent_amount,
        {%- endif %}
        landed._is_duplicate,
        {%- for name in lineage_columns().split(',') %}
        landed.{{ name | trim }}{{ ',' if not loop.last }}
        {%- endfor %}
    from landed
    {%- for name in corrected %}
    left join {{ corrections }} as fix_{{ name }}
        on fix_{{ name }}.source = '{{ source_name }}' and fix_{{ name }}.dataset = '{{ dataset }}'
            and fix_{{ name }}.column_name = '{{ name }}' and fix_{{ name }}.provider = landed._provider
            and (fix_{{ name }}.business_date is null or fix_{{ name }}.business_date = landed._business_date)
            and fix_{{ name }}.row_key = concat_ws('|', {% for name_of_key in key %}landed.{{ name_of_key }}{{ ', ' if not loop.last }}{% endfor %})
            and fix_{{ name }}.wrong_value is not distinct from landed.{{ name }}
    {%- endfor %}
)
{%- endmacro %}

{#-
    Typed rows with the fate of each (`_disposition`): `superseded` (of a lower version, or an exact repeat in its file),
    `quarantined`, or `loaded`.
-#}
{% macro disposed(typed) -%}
select
    typed.*,
    exports.is_current_version,
    exports.counts,
    case
        when not exports.is_current_version or typed._is_duplicate then 'superseded'
        when typed._reason_codes is not null then 'quarantined'
        else 'loaded'
    end as _disposition
from {{ typed }} as typed
inner join {{ ref('int_audit__export_status') }} as exports on typed._export_id = exports.export_id
{%- endmacro %}

{#- The lineage columns that staging passes on. -#}
{% macro lineage_columns() -%}
_provider,
    _business_date,
    _delivery,
    _mode,
    _version,
    _part,
    _sheet,
    _row_number,
    _file_sha256,
    _export_id
{%- endmacro %}

{#- The columns that distinguish the rows of a dataset, for a fingerprint. -#}
{% macro row_identity(alias='') -%}
    {%- set at = alias ~ '.' if alias else '' -%}
    {{ return([at ~ '_export_id', at ~ '_part', at ~ '_row_number']) }}
{%- endmacro %}

{#- All datasets of the contracts, as (source, dataset, node). Only contracts have `on_critical`; other source tables do not. -#}
{% macro contract_datasets() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for node in graph.sources.values() | sort(attribute='unique_id') if node.config.meta.on_critical -%}
            {%- do found.append((node.source_name, node.name, node)) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#-
    The datasets whose control files declare an amount. dbt needs the models that a model reads before it knows the contracts, so this list
    repeats them; int_audit__dataset_rule fails for a contract with an amount that is not in this list.
-#}
{% macro datasets_with_amount() -%}
    {{ return([('jiangxi', 'case_penalties')]) }}
{%- endmacro %}

{#- The datasets that each mart requires, as (mart, source, dataset): `needs` in the YAML of the mart. -#}
{% macro mart_needs() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute='unique_id') if node.resource_type == 'model' -%}
            {%- for need in node.config.meta.needs or [] -%}
                {%- do found.append((node.name, need.split('.')[0], need.split('.')[1])) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- The codes of a kind that the sources use and the reference lacks: the inferred members of the dimension. -#}
{% macro inferred_codes(kind) -%}
    (select distinct code from {{ ref('int_code_used') }} where code_kind = '{{ kind }}' and not is_known) as inferred
{%- endmacro %}
