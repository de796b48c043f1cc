{#- How a model is built that others read whole: DuckDB works it out once in the statement that asks for it, Spark each time it is named. -#}
{% macro handed_on() -%}
    {{ return('ephemeral' if target.type == 'duckdb' else 'table') }}
{%- endmacro %}
