{#- Lists that raw keeps as text: JSON arrays, and values between separators. The explode macros go into the select list. -#}

{% macro json_list_first(column) -%}
    {{ return(adapter.dispatch('json_list_first', 'wangjian')(column)) }}
{%- endmacro %}

{% macro default__json_list_first(column) -%}
    json_extract_string({{ column }}, '$[0]')
{%- endmacro %}

{% macro spark__json_list_first(column) -%}
    get_json_object({{ column }}, '$[0]')
{%- endmacro %}


{% macro explode_text(column, separator) -%}
    {{ return(adapter.dispatch('explode_text', 'wangjian')(column, separator)) }}
{%- endmacro %}

{% macro default__explode_text(column, separator) -%}
    unnest(string_split({{ column }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__explode_text(column, separator) -%}
    explode(split({{ column }}, '[{{ separator }}]'))
{%- endmacro %}
