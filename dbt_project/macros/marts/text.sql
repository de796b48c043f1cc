{#- Text functions that give the same result on DuckDB and Spark. -#}

{#- A text without blanks of any width (Unicode's Zs) at both ends; Spark's own `trim` removes only the plain one. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed', 'wangjian')(text)) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    trim({{ text }})
{%- endmacro %}

{% macro spark__trimmed(text) -%}
    trim(both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from {{ text }})
{%- endmacro %}


{#- A key that is the same on every engine and in every run: md5 of the parts, separated by `|`, null as an empty text. -#}
{% macro stable_key(parts) -%}
    md5({% for part in parts %}coalesce(cast({{ part }} as {{ dbt.type_string() }}), ''){% if not loop.last %} || '|' || {% endif %}{% endfor %})
{%- endmacro %}


{#- Cheap fingerprint for "did anything change?" within one build; never published, never compared between engines. -#}
{% macro row_fingerprint(columns) -%}
    {{ return(adapter.dispatch('row_fingerprint', 'wangjian')(columns)) }}
{%- endmacro %}

{% macro default__row_fingerprint(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{#- xxhash64 skips nulls, so (a, null) and (null, a) would have the same hash -#}
{% macro spark__row_fingerprint(columns) -%}
    xxhash64({% for column in columns %}coalesce(cast({{ column }} as string), '~'){% if not loop.last %}, {% endif %}{% endfor %})
{%- endmacro %}


{#- A 64-bit fingerprint of a set of rows, independent of their order; like `row_fingerprint` never published. -#}
{% macro set_fingerprint(columns) -%}
    {{ return(adapter.dispatch('set_fingerprint', 'wangjian')(columns)) }}
{%- endmacro %}

{#- a sum, because with exclusive-or two equal rows would cancel each other; of integers, because a sum of doubles depends on the order -#}
{% macro default__set_fingerprint(columns) -%}
    hash(sum(cast({{ row_fingerprint(columns) }} as hugeint)))
{%- endmacro %}

{% macro spark__set_fingerprint(columns) -%}
    xxhash64(sum(cast({{ row_fingerprint(columns) }} as decimal(38, 0))))
{%- endmacro %}


{#- The masked form of a person's name, 姓+*, which is all that marts show of it (个人信息保护法 art. 6). -#}
{% macro masked_name(name, kind) -%}
    case
        when {{ kind }} in ('ENTERPRISE', 'COOPERATIVE') then {{ name }}
        when {{ name }} is not null then substr({{ name }}, 1, 1) || '**'
    end
{%- endmacro %}
