{#- Quotients are doubles on both engines. DuckDB rounds the double times a power of ten to a decimal; Spark would round its digits. -#}

{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio', 'wangjian')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__ratio(numerator, denominator) -%}
    cast({{ numerator }} as decimal(18, 4)) / {{ denominator }}
{%- endmacro %}

{% macro spark__ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / cast({{ denominator }} as double)
{%- endmacro %}


{#- A double as a decimal. -#}
{% macro rounded(number, precision, scale) -%}
    {{ return(adapter.dispatch('rounded', 'wangjian')(number, precision, scale)) }}
{%- endmacro %}

{% macro default__rounded(number, precision, scale) -%}
    cast({{ number }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}

{% macro spark__rounded(number, precision, scale) -%}
    cast(cast(round(({{ number }}) * 1{{ '0' * scale }}D) as decimal(38, 0)) / 1{{ '0' * scale }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}


{#- One number divided by another, as a decimal. -#}
{% macro quotient(numerator, denominator, precision, scale) -%}
    {{ return(adapter.dispatch('quotient', 'wangjian')(numerator, denominator, precision, scale)) }}
{%- endmacro %}

{% macro default__quotient(numerator, denominator, precision, scale) -%}
    cast({{ numerator }} / {{ denominator }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}

{% macro spark__quotient(numerator, denominator, precision, scale) -%}
    {{ spark__rounded(spark__ratio(numerator, denominator), precision, scale) }}
{%- endmacro %}
