{#- 户: by a valid USCC; else by platform and shop, else by the presence itself. Never by a name or a phone number. -#}
{% macro operator_key(alias) -%}
    case
        when {{ alias }}.is_uscc_valid then {{ stable_key(["'USCC'", alias ~ '.uscc_normalised']) }}
        else {{ stable_key(["'SHOP'", "coalesce(" ~ alias ~ ".platform_code, " ~ alias ~ ".storefront_id)", "coalesce(" ~ alias ~ ".platform_shop_id, '')"]) }}
    end
{%- endmacro %}
