{#- The key of an operator (户): a valid USCC; else platform and shop; else the storefront itself. Never a name or a phone number. -#}
{% macro operator_key(alias) -%}
    case
        when {{ alias }}.is_uscc_valid then {{ stable_key(["'USCC'", alias ~ '.uscc_normalised']) }}
        else {{ stable_key(["'SHOP'", "coalesce(" ~ alias ~ ".platform_code, " ~ alias ~ ".storefront_id)", "coalesce(" ~ alias ~ ".platform_shop_id, '')"]) }}
    end
{%- endmacro %}
