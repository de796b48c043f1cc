{#-
    Regular expressions, written once in what RE2 (DuckDB) and Java (Spark) share: no look-around, `$` only for the end of the text,
    `\1` for a group. A literal of Spark knows escapes, so patterns go there as raw literals.
-#}

{#- Whether a text fits a pattern. -#}
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

{#- Spark replaces every match without being told -#}
{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ java_pattern(pattern) }}, {{ java_replacement(replacement) }})
{%- endmacro %}


{#- Replaces the first match; `pattern` names no group but those of `replacement`. -#}
{% macro replace_first(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_first', 'wangjian')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_first(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{#- Spark replaces every match: where there may be more than one, the rest of the text is matched with the first, and put back. -#}
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


{#- As a raw literal of Spark: `.` stops at line feeds alone, and `$` is the end of the text, not also before a last line feed. -#}
{% macro java_pattern(pattern) -%}
    r'(?d){{ pattern | replace('$', '\\z') }}'
{%- endmacro %}

{% macro java_replacement(replacement) -%}
    '{{ replacement | replace('\\', '$') }}'
{%- endmacro %}
