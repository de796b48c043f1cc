{#- The materialization of a model that others read as a whole: DuckDB computes it once per statement, Spark each time it is named. -#}
{% macro handed_on() -%}
    {{ return('ephemeral' if target.type == 'duckdb' else 'table') }}
{%- endmacro %}

{#-
    The materialization of a mart that only renames another model's columns and joins small tables. On DuckDB it is a view: publication
    makes a table of it, so it is written only once. On Spark it is a table, because the takeover copies tables only.
-#}
{% macro written_at_publication() -%}
    {{ return('view' if target.type == 'duckdb' else 'table') }}
{%- endmacro %}
