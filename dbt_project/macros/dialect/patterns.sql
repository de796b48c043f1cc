{#-
    Regular expressions in the syntax that RE2 (DuckDB) and Java (Spark) share: no look-around, `$` only for the end of the text,
    `\1` for a group. Spark interprets escapes in literals, so patterns are raw literals there.
-#}

{#- Whether a text matches a pattern. -#}
{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'wangjian')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike {{ java_pattern(pattern) }})
{%- endmacro %}


{% macro replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_all', 'wangjian')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{#- Spark always replaces every match, and needs no option for it -#}
{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ java_pattern(pattern) }}, {{ java_replacement(replacement) }})
{%- endmacro %}


{#- Replaces the first match; `pattern` may have only the groups that `replacement` uses. -#}
{% macro replace_first(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_first', 'wangjian')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_first(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{#- Spark replaces every match: where there can be several, the pattern also matches the rest of the text, which is put back. -#}
{% macro spark__replace_first(text, pattern, replacement) -%}
    {%- if pattern.startswith('^') or pattern.endswith('$') -%}
    {{ spark__replace_all(text, pattern, replacement) }}
    {%- else -%}
    {%- set groups = pattern.count('(') - pattern.count('(?:') -%}
    {%- set found = namespace(text=replacement) -%}
    {%- for group in range(groups, 0, -1) -%}
        {%- set found.text = found.text | replace('\\' ~ group, '\\' ~ (group + 1)) -%}
    {%- endfor -%}
    {{ spark__replace_all(text, '^([\\s\\S]*?)' ~ pattern ~ '([\\s\\S]*)$', '\\1' ~ found.text ~ '\\' ~ (groups + 2)) }}
    {%- endif -%}
{%- endmacro %}


{#- A pattern as a raw literal of Spark, with RE2's meaning: `.` stops at line feeds only, and `$` is the end of the text only. -#}
{% macro java_pattern(pattern) -%}
    r'(?d){{ pattern | replace('$', '\\z') }}'
{%- endmacro %}

{% macro java_replacement(replacement) -%}
    '{{ replacement | replace('\\', '$') }}'
{%- endmacro %}
