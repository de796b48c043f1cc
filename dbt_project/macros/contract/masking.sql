{#- A text in which everything that looks like personal data is masked, in any column. -#}
{% macro masked(text) -%}
    {%- set found = namespace(sql=text) -%}
    {%- for rule in var('mask_patterns') -%}
        {%- set found.sql = replace_all(found.sql, rule.pattern, rule.replacement) -%}
    {%- endfor -%}
    {{ found.sql }}
{%- endmacro %}


{#- The value of a column that the contract marks as personal: a company's name stays, of other values only the first character. -#}
{% macro masked_personal(text) -%}
    case
        when {{ matches(text, '(公司|合作社|集团|中心|协会|局|院)$') }} then {{ text }}
        when {{ text }} is not null then substr({{ text }}, 1, 1) || '**'
    end
{%- endmacro %}


{#-
    The columns of a contract as one JSON text, each with its raw value (`prefix` + name); an empty value is null. Line breaks and other
    control characters become blanks: the letters of their JSON escapes would touch a number, and the patterns would then not mask it.
-#}
{% macro original_values(columns, prefix) -%}
    {%- set names, values = [], [] -%}
    {%- for column in columns.values() -%}
        {%- set raw = prefix ~ column.name -%}
        {%- do names.append(column.name) -%}
        {%- do values.append(masked_personal(raw) if column.config.meta.personal else replace_all(raw, '\\p{Cc}', ' ')) -%}
    {%- endfor -%}
    {{ json_object_of(names, values) }}
{%- endmacro %}

{% macro json_object_of(names, values) -%}
    {{ return(adapter.dispatch('json_object_of', 'wangjian')(names, values)) }}
{%- endmacro %}

{% macro default__json_object_of(names, values) -%}
    cast(json_object({% for name in names %}'{{ name }}', {{ values[loop.index0] }}{{ ', ' if not loop.last }}{% endfor %}) as varchar)
{%- endmacro %}

{% macro spark__json_object_of(names, values) -%}
    to_json(
        named_struct({% for name in names %}'{{ name }}', {{ values[loop.index0] }}{{ ', ' if not loop.last }}{% endfor %}),
        map('ignoreNullFields', 'false')
    )
{%- endmacro %}
