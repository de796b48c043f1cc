{#- Calendar arithmetic that DuckDB and Spark spell differently. Days are calendar days. -#}

{% macro add_days(start, days) -%}
    {{ return(adapter.dispatch('add_days', 'wangjian')(start, days)) }}
{%- endmacro %}

{% macro default__add_days(start, days) -%}
    (cast({{ start }} as date) + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days(start, days) -%}
    date_add(cast({{ start }} as date), cast({{ days }} as integer))
{%- endmacro %}


{% macro days_between(start, finish) -%}
    {{ return(adapter.dispatch('days_between', 'wangjian')(start, finish)) }}
{%- endmacro %}

{% macro default__days_between(start, finish) -%}
    date_diff('day', cast({{ start }} as date), cast({{ finish }} as date))
{%- endmacro %}

{% macro spark__days_between(start, finish) -%}
    datediff(cast({{ finish }} as date), cast({{ start }} as date))
{%- endmacro %}


{#- Whole hours from midnight of a day to a point in time, both in UTC. -#}
{% macro hours_between(start, finish) -%}
    {{ return(adapter.dispatch('hours_between', 'wangjian')(start, finish)) }}
{%- endmacro %}

{% macro default__hours_between(start, finish) -%}
    cast(floor((epoch({{ finish }}) - epoch(cast({{ start }} as timestamp))) / 3600) as integer)
{%- endmacro %}

{% macro spark__hours_between(start, finish) -%}
    cast(floor((unix_timestamp({{ finish }}) - unix_timestamp(cast({{ start }} as timestamp))) / 3600) as integer)
{%- endmacro %}
