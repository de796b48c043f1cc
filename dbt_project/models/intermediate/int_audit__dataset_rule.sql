{{ config(materialized='ephemeral') }}
-- What the contracts say about exports as a whole: what a failing one does, and how small a full one may be.
{%- for source_name, dataset, node in contract_datasets() %}
{%- set meta = node.config.meta %}
select
    '{{ source_name }}' as source,
    '{{ dataset }}' as dataset,
    '{{ meta.on_critical }}' as on_critical,
    {{ meta.least_rows or 0 }} as least_rows,
    {{ meta.least_share or 0 }} as least_share
{% if not loop.last %}union all{% endif %}
{%- endfor %}
