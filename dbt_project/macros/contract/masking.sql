{#- A text with everything masked that looks like personal data, whatever column it stands in. -#}
{% macro masked(text) -%}
    {%- set found = namespace(sql=text) -%}
    {%- for rule in var('mask_patterns') -%}
        {%- set found.sql = replace_all(found.sql, rule.pattern, rule.replacement) -%}
    {%- endfor -%}
    {{ found.sql }}
{%- endmacro %}


{#- The value of a column that the contract calls personal: a company's name stays, of anything else one sign. -#}
{% macro masked_personal(text) -%}
    case
        when {{ matches(text, '(公司|合作社|集团|中心|协会|局|院)$') }} then {{ text }}
        when {{ text }} is not null then substr({{ text }}, 1, 1) || '**'
    end
{%- endmacro %}


{#-
    The columns of a contract as one JSON text, each as it came (`prefix` + name), null where it was empty. Line breaks and other
    control characters become blanks: as JSON escapes their letters would stick to what is to be masked.
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
