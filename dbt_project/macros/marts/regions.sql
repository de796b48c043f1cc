{#- Today's code of a region (join `seed_region` under the alias), the code itself where nobody knows it. -#}
{% macro todays_region(alias, code) -%}
    coalesce({{ alias }}.current_region_code, {{ code }})
{%- endmacro %}
