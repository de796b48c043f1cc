{#-
    What an incremental model forgets before it takes up what is new. Models say what is new by comparing with what they hold, never by
    a date. The pipeline makes everything anew when SQL, seeds, contracts or DuckDB have changed, or when a build did not end.
-#}

{#- Rows of exports that the ledger does not name (any more). -#}
{% macro forget_vanished_exports() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} where _export_id not in (select export_id from {{ ref('stg_audit__file_ledger') }})
    {%- endif -%}
{%- endmacro %}

{#- Rows of a storefront whose history is made of other rows than before. -#}
{% macro forget_changed_storefronts() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where (storefront_id, signature) not in (select (storefront_id, signature) from {{ ref('int_storefront_signature') }})
    {%- endif -%}
{%- endmacro %}

{#- The storefronts that a model does not hold as they are now. -#}
{% macro changed_storefronts() -%}
    select storefront_id, signature
    from {{ ref('int_storefront_signature') }}
    {%- if is_incremental() %}
    except
    select storefront_id, signature from {{ this }}
    {%- endif %}
{%- endmacro %}

{#- Months whose facts are not those that they should be. -#}
{% macro forget_changed_months() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where month_start not in (
        select known.month_start
        from (
            select month_start, {{ set_fingerprint(storefront_month_facts()) }} as signature
            from {{ this }}
            group by month_start
        ) as known
        inner join {{ ref('int_month_signature') }} as wanted
            on known.month_start = wanted.month_start and known.signature = wanted.signature
    )
    {%- endif -%}
{%- endmacro %}

{#- Rows of exports that are gone, or whose version has begun or ceased to be the one that holds. -#}
{% macro forget_revalued_exports() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where (export_id, is_current_version) not in (select (export_id, is_current_version) from {{ ref('int_audit__export_status') }})
    {%- endif -%}
{%- endmacro %}
