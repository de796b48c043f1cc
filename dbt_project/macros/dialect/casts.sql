{#- Converts texts to values, in the spellings that the contracts allow. Other texts become null; the caller decides what that means. -#}

{#- `2023-07-03`, `2023/7/3`, `20230703`, `2023年7月3日`, `2023.7.3`; a date that does not exist becomes null. -#}
{% macro text_to_date(text) -%}
    {%- set plain = "replace(replace(replace(replace(replace(" ~ text ~ ", '年', '-'), '月', '-'), '日', ''), '/', '-'), '.', '-')" -%}
    {%- set spelled -%}
        case
            when length({{ text }}) = 8 and translate({{ text }}, '0123456789', '') = ''
                then substr({{ text }}, 1, 4) || '-' || substr({{ text }}, 5, 2) || '-' || substr({{ text }}, 7, 2)
            when length({{ text }}) = 10 and substr({{ text }}, 5, 1) = '-' then {{ text }}
            else
                split_part({{ plain }}, '-', 1) || '-' || lpad(split_part({{ plain }}, '-', 2), 2, '0')
                || '-' || lpad(split_part({{ plain }}, '-', 3), 2, '0')
        end
    {%- endset -%}
    {{ date_cast(spelled) }}
{%- endmacro %}

{#- `2023-7-3` to a date. DuckDB alone would ignore text after the day, and accept years with fewer than four digits. -#}
{% macro date_cast(text) -%}
    {{ return(adapter.dispatch('date_cast', 'wangjian')(text)) }}
{%- endmacro %}

{% macro default__date_cast(text) -%}
    try_cast({{ text }} as date)
{%- endmacro %}

{% macro spark__date_cast(text) -%}
    try_cast(regexp_replace(
        regexp_replace({{ text }}, r'^\s*([0-9]+-[0-9]{1,2}-[0-9]{1,2})([^0-9][\s\S]*)?\z', '000$1'), '^0*([0-9]{4,}-)', '$1'
    ) as date)
{%- endmacro %}

{#- ISO, with or without offset, to the wall clock of Asia/Shanghai (UTC+8 all year); a bare date is 00:00. -#}
{% macro text_to_timestamp(text) -%}
    case
        when {{ text }} like '%+08:00' then {{ timestamp_cast("replace(replace(" ~ text ~ ", '+08:00', ''), 'T', ' ')") }}
        when {{ text }} like '%Z'
            then {{ timestamp_cast("replace(replace(" ~ text ~ ", 'Z', ''), 'T', ' ')") }} + interval '8 hours'
        when length({{ text }}) >= 16 then {{ timestamp_cast("replace(" ~ text ~ ", 'T', ' ')") }}
        else cast({{ text_to_date(text) }} as timestamp)
    end
{%- endmacro %}

{% macro timestamp_cast(text) -%}
    {{ return(adapter.dispatch('timestamp_cast', 'wangjian')(text)) }}
{%- endmacro %}

{% macro default__timestamp_cast(text) -%}
    try_cast({{ text }} as timestamp)
{%- endmacro %}

{#- DuckDB alone would accept slashes, several blanks, and 24:00 as the end of a day -#}
{% macro spark__timestamp_cast(text) -%}
    {%- set plain = "regexp_replace(regexp_replace(" ~ text ~ ", '^ *([0-9]{4})/([0-9]{1,2})/([0-9]{1,2} )', '$1-$2-$3'), ' +', ' ')" -%}
    case
        when {{ plain }} rlike ' 24:00(:00([.]0*)?)? ?$' then try_cast(replace({{ plain }}, ' 24:', ' 00:') as timestamp) + interval '1' day
        else try_cast({{ plain }} as timestamp)
    end
{%- endmacro %}

{% macro text_to_boolean(text) -%}
    case
        when lower({{ text }}) in ('true', '是', 'y', '1') then true
        when lower({{ text }}) in ('false', '否', 'n', '0') then false
    end
{%- endmacro %}

{#- A number, also with thousands separators at the right places: `1,410,000.00`. -#}
{% macro text_to_decimal(text) -%}
    {{ number_cast(text_with_thousands(text), 'decimal(18, 2)') }}
{%- endmacro %}

{% macro text_with_thousands(text) -%}
        case
            when {{ text }} like '%,%' and {{ matches(text, '^-?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?$') }} then replace({{ text }}, ',', '')
            else {{ text }}
        end
{%- endmacro %}

{#- A whole number; a fraction is rounded, half away from zero. -#}
{% macro text_to_integer(text) -%}
    {{ return(adapter.dispatch('text_to_integer', 'wangjian')(text)) }}
{%- endmacro %}

{% macro default__text_to_integer(text) -%}
    try_cast({{ text }} as bigint)
{%- endmacro %}

{#- Spark's own cast accepts no fraction and no hexadecimal number -#}
{% macro spark__text_to_integer(text) -%}
    case
        when {{ text }} rlike '^ *0[xX][0-9a-fA-F]+ *$' then try_cast(conv(substr(trim({{ text }}), 3), 16, 10) as bigint)
        else try_cast(round({{ number_cast(text, 'decimal(38, 18)') }}) as bigint)
    end
{%- endmacro %}

{#- A text as a number type; null where it is not a number. -#}
{% macro number_cast(text, type) -%}
    {{ return(adapter.dispatch('number_cast', 'wangjian')(text, type)) }}
{%- endmacro %}

{% macro default__number_cast(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{#- DuckDB accepts an underscore between digits (1_000), and only the digits 0 to 9 -#}
{% macro spark__number_cast(text, type) -%}
    case when {{ text }} rlike r'^[\x00-\x7f]*\z' then try_cast(regexp_replace({{ text }}, '(?<=[0-9])_(?=[0-9])', '') as {{ type }}) end
{%- endmacro %}

{#- A JSON list, as text; other texts become null. -#}
{% macro text_to_json_list(text) -%}
    {{ return(adapter.dispatch('text_to_json_list', 'wangjian')(text)) }}
{%- endmacro %}

{% macro default__text_to_json_list(text) -%}
    case when {{ text }} like '[%' and json_valid({{ text }}) then {{ text }} end
{%- endmacro %}

{% macro spark__text_to_json_list(text) -%}
    case when {{ text }} like '[%' and try_parse_json('[' || {{ spark_json(text) }} || ']') is not null then {{ text }} end
{%- endmacro %}

{#- DuckDB ignores a comma at the end of a list -#}
{% macro spark_json(text) -%}
    regexp_replace({{ text }}, r',\s*\]', ']')
{%- endmacro %}

{#- A contract column from its raw text, by the contract's type. -#}
{% macro typed(text, data_type) -%}
    {%- if data_type == 'integer' -%} {{ text_to_integer(text) }}
    {%- elif data_type == 'decimal' -%} {{ text_to_decimal(text) }}
    {%- elif data_type == 'boolean' -%} {{ text_to_boolean(text) }}
    {%- elif data_type == 'date' -%} {{ text_to_date(text) }}
    {%- elif data_type == 'timestamp' -%} {{ text_to_timestamp(text) }}
    {%- elif data_type == 'json' -%} {{ text_to_json_list(text) }}
    {%- else -%} {{ text }}
    {%- endif -%}
{%- endmacro %}

{#- 案号: all kinds of brackets become 〔〕, leading zeros are removed; the prefix stays, because numbers restart for each organ and year. -#}
{% macro case_no_normalised(case_no) -%}
    {%- set brackets = "translate(translate(" ~ trimmed(case_no) ~ ", '[(（【［０１２３４５６７８９', '〔〔〔〔〔0123456789'), '])）】］', '〕〕〕〕〕')" -%}
    {{ replace_first(replace_first(brackets, '〕第?0+([0-9])', '〕\\1'), '〕第', '〕') }}
{%- endmacro %}

{#- Whether a normalised 案号 has the form of a market-supervision case number. Null stays null. -#}
{% macro case_no_is_valid(case_no) -%}
    {{ matches(case_no, '^〔?[一-龥]{1,8}〕?市监(处罚|罚|不罚|处|罚决|责改|立案|罚告|听告|移|监罚)?字?〔(19|20)[0-9]{2}〕[0-9]{1,6}号$') }}
{%- endmacro %}

{#- The prefix of the organ in a normalised 案号: 赣市监立案〔2023〕12号 → 赣, 〔杭临〕市监处罚〔2024〕131号 → 杭临. -#}
{% macro case_no_prefix(case_no) -%}
    translate({{ replace_first(case_no, '市监.*$', '') }}, '〔〕', '')
{%- endmacro %}

{#- `V01;V07` to a JSON list. -#}
{% macro list_text_to_json(text) -%}
    '["' || replace(replace({{ text }}, ' ', ''), ';', '","') || '"]'
{%- endmacro %}
