{#- Licence numbers: JY or SC and 14 digits, the last one a check digit by ISO 7064 MOD 11,10 (GB/T 17710). -#}

{% macro licence_normalised(licence_no) -%}
    nullif(upper(replace({{ trimmed(licence_no) }}, ' ', '')), '')
{%- endmacro %}


{#- Over `count` digits of a text from a place on, p = ((p + d - 1) mod 10 + 1) * 2 mod 11, so that a sum of 0 counts as 10; 39 is the code of `0` less 9. -#}
{% macro mod_11_10(text, first, count) -%}
    {%- set steps = namespace(text='10') -%}
    {%- for place in range(first, first + count) -%}
        {%- set steps.text = "((" ~ steps.text ~ " + ascii(substr(" ~ text ~ ", " ~ place ~ ", 1)) - 39) % 10 + 1) * 2 % 11" -%}
    {%- endfor -%}
    {{ steps.text }}
{%- endmacro %}


{#- Null where it is valid or absent, else why not. Expects the normalised form. -#}
{% macro licence_invalid_reason(licence_no) -%}
    case
        when {{ licence_no }} is null then null
        when substr({{ licence_no }}, 1, 2) not in ('JY', 'SC') then 'UNKNOWN_KIND'
        when length({{ licence_no }}) <> 16 or translate(substr({{ licence_no }}, 3), '0123456789', '') <> '' then 'FORMAT'
        when (({{ mod_11_10(licence_no, 3, 13) }}) + ascii(substr({{ licence_no }}, 16, 1)) - 48) % 10 <> 1
            then 'CHECK_DIGIT'
    end
{%- endmacro %}
