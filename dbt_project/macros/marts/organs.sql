{#- The name of the organ at a level: the organ itself (`own`) or one of its superiors (`up1` … `up4`). -#}
{% macro organ_at_level(level) -%}
    case
        {%- for step in ['own', 'up1', 'up2', 'up3', 'up4'] %}
        when {{ step }}.org_level = {{ level }} then {{ step }}.org_name
        {%- endfor %}
    end
{%- endmacro %}
