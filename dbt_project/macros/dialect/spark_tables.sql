{#-
    What Spark needs in addition to DuckDB: tables over the raw Parquet files, which DuckDB reads by `external_location`, and the
    contracts' types with Spark's names.
-#}

{#- Before a build. DuckDB needs nothing. -#}
{% macro lay_out_sources() -%}
    {{ return(adapter.dispatch('lay_out_sources', 'wangjian')()) }}
{%- endmacro %}

{% macro default__lay_out_sources() -%}{%- endmacro %}

{#- Created again in each build: Spark remembers columns and files of a table, and would miss new ones. -#}
{% macro spark__lay_out_sources() -%}
    {%- if execute and flags.WHICH == 'build' -%}
        {%- for node in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- do run_query('create schema if not exists ' ~ node.schema) if loop.first or loop.changed(node.schema) -%}
            {%- do spark_table_over(node.schema ~ '.' ~ node.identifier, node.config.meta.external_location or node.source_meta.external_location, node.name) -%}
        {%- endfor -%}
        {%- do spark_table_over('raw_audit.hosts', "/raw/_snapshot/hosts.parquet'") -%}
        {%- do run_query('drop function if exists raw_audit.idn_to_ascii') -%}
        {%- do run_query('create function raw_audit.idn_to_ascii(written string) returns string return ' ~ spark_host_in_ascii()) -%}
    {%- endif -%}
{%- endmacro %}

{#-
    A table over the files in raw/ that `external_location` names. Its columns come from the file without rows among them: Spark ignores
    folders that begin with `_`, and would see no columns before the first export arrives.
-#}
{% macro spark_table_over(name, location, dataset='') -%}
    {%- set found = location.split('/raw/')[1].split("'")[0].replace('{name}', dataset) -%}
    {%- set raw = env_var('WANGJIAN_SPARK_RAW', env_var('WANGJIAN_DATA') ~ '/raw') ~ '/' -%}
    {%- set without_rows = raw ~ found.replace('*.parquet', 'empty.parquet').replace('*', '_schema') -%}
    {%- set columns = [] -%}
    {%- for row in run_query('describe query select * from parquet.`' ~ without_rows ~ '`').rows -%}
        {%- do columns.append(row[0] ~ ' ' ~ row[1]) -%}
    {%- endfor -%}
    {%- do run_query('drop table if exists ' ~ name) -%}
    {%- do run_query(
        'create table ' ~ name ~ ' (' ~ columns | join(', ') ~ ') using parquet '
        ~ "options (recursiveFileLookup 'true', pathGlobFilter '*.parquet') location '" ~ raw ~ found.split('/*')[0] ~ "'"
    ) -%}
{%- endmacro %}

{#- A host that is missing from the file fails the build: otherwise its URL would be compared in another spelling. -#}
{% macro spark_host_in_ascii() -%}
    case when written is not null then coalesce(
        (select max(hosts.host_in_ascii) from raw_audit.hosts as hosts where hosts.host = written),
        cast(raise_error('host without its ASCII form: ' || written) as string)
    ) end
{%- endmacro %}


{#-
    After a build. A partitioned table without rows has no file, so a reader of the files cannot know its columns: `<table>__columns` has
    them.
-#}
{% macro keep_columns_of_empty_tables() -%}
    {{ return(adapter.dispatch('keep_columns_of_empty_tables', 'wangjian')()) }}
{%- endmacro %}

{% macro default__keep_columns_of_empty_tables() -%}{%- endmacro %}

{% macro spark__keep_columns_of_empty_tables() -%}
    {%- set failed = results | selectattr('status', 'in', ['error', 'fail', 'skipped']) | list if execute else [] -%}
    {%- if execute and flags.WHICH == 'build' and not failed -%}
        {%- for node in graph.nodes.values() | selectattr('config.partition_by') -%}
            {%- set table = node.schema ~ '.' ~ node.alias -%}
            {%- if not run_query('show partitions ' ~ table).rows -%}
                {%- do run_query('drop table if exists ' ~ table ~ '__columns') -%}
                {%- do run_query('create table ' ~ table ~ '__columns using parquet as select * from ' ~ table) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- dbt compares a model's types with its contract. Thrift reports them only roughly, so they are not compared but cast below. -#}
{% macro spark__get_assert_columns_equivalent(sql) -%}{%- endmacro %}

{#- The columns of a model, each cast to the type of its contract: a value that does not fit fails the build. -#}
{% macro spark__get_select_subquery(sql) -%}
    select
    {%- for column in model.columns.values() %}
        cast({{ column.name }} as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
        {{ sql }}
    ) as contracted
{%- endmacro %}

{% macro spark_type(data_type) -%}
    {{ return({'varchar': 'string', 'hugeint': 'decimal(38, 0)', 'timestamp': 'timestamp_ntz', 'timestamp with time zone': 'timestamp_ltz'}.get(data_type, data_type)) }}
{%- endmacro %}
