{{ config(materialized='ephemeral') }}
-- The contracts' rules for whole exports: whether the source sends every day, what a failing export does, how small a full export may be.
{%- for source_name, dataset, node in contract_datasets() %}
{%- set meta = node.config.meta %}
{%- if meta.amount_column and (source_name, dataset) not in datasets_with_amount() %}
    {{ exceptions.raise_compiler_error("add " ~ source_name ~ "." ~ dataset ~ " to the macro datasets_with_amount: its contract names an amount_column") }}
{%- endif %}
select
    '{{ source_name }}' as source,
    '{{ dataset }}' as dataset,
    '{{ meta.source_zh }}' as source_name,
    {{ 'true' if meta.is_daily else 'false' }} as is_daily,
    '{{ meta.on_critical }}' as on_critical,
    {{ meta.least_rows or 0 }} as least_rows,
    {{ meta.least_share or 0 }} as least_share
{% if not loop.last %}union all{% endif %}
{%- endfor %}
