{#- The latest row of a source first. It is a total order, so that the same row wins in every build. -#}
{% macro latest_first(alias='') -%}
    {%- set at = alias ~ '.' if alias else '' -%}
    {%- for column in ['_business_date', '_version', '_delivery', '_part', '_sheet', '_row_number', '_export_id'] -%}
    {{ at }}{{ column }} desc{% if not loop.last %}, {% endif %}
    {%- endfor %}
{%- endmacro %}
