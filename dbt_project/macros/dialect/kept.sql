{#-
    How models keep rows between builds. DuckDB deletes single rows, then adds new ones. Parquet tables have no `delete`: on Spark a model
    is kept only if its rows are in partitions that can be replaced as a whole (`insert_overwrite`); other models are built completely.
-#}

{#- The materialization of a model that deletes single rows. -#}
{% macro kept_by_row() -%}
    {{ return('incremental' if target.type == 'duckdb' else 'table') }}
{%- endmacro %}

{#- The column whose values form the partitions that are replaced; DuckDB needs none. -#}
{% macro kept_by(column) -%}
    {{ return(none if target.type == 'duckdb' else column) }}
{%- endmacro %}


{#- For the end of a select list: the month of a raw row, where rows are replaced by month. -#}
{% macro raw_month() -%}
    {{ return(adapter.dispatch('raw_month', 'wangjian')()) }}
{%- endmacro %}

{% macro default__raw_month() -%}{%- endmacro %}

{% macro spark__raw_month() -%}
    , {{ spark_month('raw._business_date') }} as _month
{%- endmacro %}

{% macro spark_month(date) -%}
    date_format({{ date }}, 'yyyy-MM')
{%- endmacro %}


{#- A condition on exports of the ledger: the exports that an incremental model adds. -#}
{% macro is_to_be_taken_up(source_name, dataset) -%}
    {{ return(adapter.dispatch('is_to_be_taken_up', 'wangjian')(source_name, dataset)) }}
{%- endmacro %}

{% macro default__is_to_be_taken_up(source_name, dataset) -%}
    export_id not in (select known._export_id from {{ this }} as known)
{%- endmacro %}

{#- all exports of a month that has an export more, or fewer, than the model has of it -#}
{% macro spark__is_to_be_taken_up(source_name, dataset) -%}
    {{ spark_month('business_date') }} in (
        select coalesce(wanted._month, known._month)
        from (
            select distinct {{ spark_month('business_date') }} as _month, export_id
            from {{ ref('stg_audit__file_ledger') }}
            where source = '{{ source_name }}' and dataset = '{{ dataset }}' and rows_read > rows_rejected
        ) as wanted
        full join (select distinct _month, _export_id from {{ this }}) as known on wanted.export_id = known._export_id
        where wanted.export_id is null or known._export_id is null
    )
{%- endmacro %}


{#- A subquery: the months whose facts an incremental model keeps. -#}
{% macro months_that_stay() -%}
    {{ return(adapter.dispatch('months_that_stay', 'wangjian')()) }}
{%- endmacro %}

{#- the other months were deleted before -#}
{% macro default__months_that_stay() -%}
    select known.month_start from {{ this }} as known
{%- endmacro %}

{% macro spark__months_that_stay() -%}
    {{ months_as_they_should_be() }}
{%- endmacro %}


{#- Spark: removes partitions, as a statement; nothing where there are none. -#}
{% macro spark_without_partitions(column, query) -%}
    {%- set gone = run_query(query).rows -%}
    {%- if gone -%}
    alter table {{ this }} drop if exists
    {%- for row in gone %} partition ({{ column }} = '{{ row[0] }}'){{ ',' if not loop.last }}{% endfor %}
    {%- endif -%}
{%- endmacro %}
