{#- The latest word of a source first. A total order: whichever way rows come from disk, the same one wins. -#}
{% macro latest_first(alias='') -%}
    {%- set at = alias ~ '.' if alias else '' -%}
    {%- for column in ['_business_date', '_version', '_delivery', '_part', '_sheet', '_row_number', '_export_id'] -%}
    {{ at }}{{ column }} desc{% if not loop.last %}, {% endif %}
    {%- endfor %}
{%- endmacro %}
