{#- 统一社会信用代码, GB 32100-2015: 17 characters and a check character; characters 9 to 17 are the GB 11714 code with its own check character. -#}

{% macro uscc_normalised(uscc) -%}
    {#- full-width characters become plain ones, blanks of both widths go. Nearly all codes are plain, and that test is cheap -#}
    case
        when {{ matches(uscc, '^[0-9A-Z]+$') }} then {{ uscc }}
        else nullif(upper(translate(replace(replace({{ uscc }}, ' ', ''), '　', ''),
            '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ',
            '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ')), '')
    end
{%- endmacro %}


{#- The outer check character: weights 3^(i-1) mod 31 over the first 17 characters. -#}
{% macro uscc_check_sign(uscc) -%}
    {%- set weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] -%}
    substr('0123456789ABCDEFGHJKLMNPQRTUWXY', 1 + (31 - (
        {%- for weight in weights %}
        {{ weight }} * (instr('0123456789ABCDEFGHJKLMNPQRTUWXY', substr({{ uscc }}, {{ loop.index }}, 1)) - 1)
        {%- if not loop.last %} +{% endif %}
        {%- endfor %}
    ) % 31) % 31, 1)
{%- endmacro %}


{#- The inner check character: letters count from A = 10, a remainder of 10 is X, of 11 is 0. -#}
{% macro organisation_check_sign(uscc) -%}
    {%- set weights = [3, 7, 9, 10, 5, 8, 4, 2] -%}
    substr('123456789X0', 11 - (
        {%- for weight in weights %}
        {{ weight }} * (instr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr({{ uscc }}, {{ loop.index + 8 }}, 1)) - 1)
        {%- if not loop.last %} +{% endif %}
        {%- endfor %}
    ) % 11, 1)
{%- endmacro %}


{#- True or false, never null. Expects the normalised form. -#}
{% macro uscc_is_valid(uscc) -%}
    coalesce(
        {{ matches(uscc, '^[0-9]{8}[0-9A-HJ-NP-RTUWXY]{10}$') }}
        and substr({{ uscc }}, 18, 1) = {{ uscc_check_sign(uscc) }}
        and substr({{ uscc }}, 17, 1) = {{ organisation_check_sign(uscc) }},
        false
    )
{%- endmacro %}


{#- Null where it is valid or absent, else the reason. Expects the normalised form, and `uscc_is_valid`'s result where it is known. -#}
{% macro uscc_invalid_reason(uscc, is_valid=none) -%}
    case
        when {{ uscc }} is null or {{ is_valid or uscc_is_valid(uscc) }} then null
        when length({{ uscc }}) = 15 then 'OLD_REGISTRATION_NUMBER'
        when length({{ uscc }}) <> 18 then 'LENGTH'
        when translate(substr({{ uscc }}, 1, 8), '0123456789', '') <> ''
            or translate({{ uscc }}, '0123456789ABCDEFGHJKLMNPQRTUWXY', '') <> '' then 'ALPHABET'
        when substr({{ uscc }}, 18, 1) <> {{ uscc_check_sign(uscc) }} then 'CHECK_SIGN'
        else 'INNER_CHECK_SIGN'
    end
{%- endmacro %}
