{#- The rule of a code that holds on a day: a join condition. -#}
{% macro rule_on(alias, rule_code, day) -%}
    {{ alias }}.rule_code = '{{ rule_code }}' and cast({{ day }} as date) >= {{ alias }}.valid_from
        and ({{ alias }}.valid_to is null or cast({{ day }} as date) < {{ alias }}.valid_to)
{%- endmacro %}
