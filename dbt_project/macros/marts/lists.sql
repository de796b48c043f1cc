{#- Lists that raw keeps as text: JSON arrays, and values between separators. The explode macros belong in the select list. -#}

{% macro json_list_first(column) -%}
    {{ return(adapter.dispatch('json_list_first', 'wangjian')(column)) }}
{%- endmacro %}

{% macro default__json_list_first(column) -%}
    nullif(trim(json_extract_string({{ column }}, '$[0]')), '')
{%- endmacro %}

{% macro spark__json_list_first(column) -%}
    nullif({{ trimmed("get_json_object(" ~ spark_json(column) ~ ", '$[0]')") }}, '')
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


{#- The distinct values of a group as one text, in order, separated by `; `. -#}
{% macro text_list(column) -%}
    {{ return(adapter.dispatch('text_list', 'wangjian')(column)) }}
{%- endmacro %}

{% macro default__text_list(column) -%}
    string_agg(distinct {{ column }}, '; ' order by {{ column }})
{%- endmacro %}

{% macro spark__text_list(column) -%}
    array_join(array_sort(collect_set({{ column }})), '; ')
{%- endmacro %}


{#- The values of a JSON list, for the select list. -#}
{% macro explode_json_list(column) -%}
    {{ return(adapter.dispatch('explode_json_list', 'wangjian')(column)) }}
{%- endmacro %}

{% macro default__explode_json_list(column) -%}
    unnest(from_json({{ column }}, '["varchar"]'))
{%- endmacro %}

{% macro spark__explode_json_list(column) -%}
    explode(from_json({{ spark_json(column) }}, 'array<string>'))
{%- endmacro %}
