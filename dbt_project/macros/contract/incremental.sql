{#-
    What an incremental model forgets before it takes up what is new. Models say what is new by comparing with what they hold, never by
    a date. The pipeline makes everything anew when SQL, seeds, contracts or DuckDB have changed, or when a build did not end.
-#}

{#- Rows of exports that the ledger does not name (any more). -#}
{% macro forget_vanished_exports() -%}
    {%- if is_incremental() -%}
    {{ adapter.dispatch('without_vanished_exports', 'wangjian')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__without_vanished_exports() -%}
    delete from {{ this }} where _export_id not in (select export_id from {{ ref('stg_audit__file_ledger') }})
{%- endmacro %}

{#- A month that has another export left is replaced whole when the model takes up what it wants of it. -#}
{% macro spark__without_vanished_exports() -%}
    {%- set months -%}
    select known._month
    from (select distinct _month, _export_id from {{ this }}) as known
    left join (
        select distinct export_id from {{ ref('stg_audit__file_ledger') }} where rows_read > rows_rejected
    ) as wanted on known._export_id = wanted.export_id
    group by known._month
    having count(wanted.export_id) = 0
    {%- endset -%}
    {{ spark_without_partitions('_month', months) }}
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
    {{ adapter.dispatch('without_changed_months', 'wangjian')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__without_changed_months() -%}
    delete from {{ this }}
    where month_start not in ({{ months_as_they_should_be() }})
{%- endmacro %}

{#- The other months that have changed are replaced whole. -#}
{% macro spark__without_changed_months() -%}
    {%- set months -%}
    select distinct month_start from {{ this }} where month_start not in (select month_start from {{ ref('int_month_signature') }})
    {%- endset -%}
    {{ spark_without_partitions('month_start', months) }}
{%- endmacro %}

{#- A subquery: the months of a model whose facts are those that they should be. -#}
{% macro months_as_they_should_be() -%}
    select known.month_start
    from (
        select month_start, {{ set_fingerprint(storefront_month_facts()) }} as signature
        from {{ this }}
        group by month_start
    ) as known
    inner join {{ ref('int_month_signature') }} as wanted
        on known.month_start = wanted.month_start and known.signature = wanted.signature
{%- endmacro %}

{#- Rows of exports that are gone, or whose version has begun or ceased to be the one that holds. -#}
{% macro forget_revalued_exports() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where (export_id, is_current_version) not in (select (export_id, is_current_version) from {{ ref('int_audit__export_status') }})
    {%- endif -%}
{%- endmacro %}
