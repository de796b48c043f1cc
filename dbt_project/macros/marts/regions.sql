{#- The present code of a region (join `seed_region` under the alias); an unknown code stays unchanged. -#}
{% macro todays_region(alias, code) -%}
    coalesce({{ alias }}.current_region_code, {{ code }})
{%- endmacro %}
