{#- A join condition: the rule of a code that is valid on a day. -#}
{% macro rule_on(alias, rule_code, day) -%}
    {{ alias }}.rule_code = '{{ rule_code }}' and cast({{ day }} as date) >= {{ alias }}.valid_from
        and ({{ alias }}.valid_to is null or cast({{ day }} as date) < {{ alias }}.valid_to)
{%- endmacro %}
