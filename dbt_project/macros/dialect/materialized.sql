{#- How a model is built that others read whole: DuckDB works it out once in the statement that asks for it, Spark each time it is named. -#}
{% macro handed_on() -%}
    {{ return('ephemeral' if target.type == 'duckdb' else 'table') }}
{%- endmacro %}

{#-
    How a mart is built that only renames and joins in small tables what another model holds: DuckDB's publication makes a table of it, so
    that it is written once; Spark's hands on the tables as they lie in the warehouse.
-#}
{% macro written_at_publication() -%}
    {{ return('view' if target.type == 'duckdb' else 'table') }}
{%- endmacro %}
