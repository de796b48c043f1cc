{#-
    The rows that an incremental model deletes before it adds new ones. A model determines new rows by comparing with the rows that it has,
    never by a date. The pipeline runs a full build when SQL, seeds, contracts or DuckDB have changed, or the last build did not finish.
-#}

{#- Deletes rows of exports that are no longer in the ledger. -#}
{% macro forget_vanished_exports() -%}
    {%- if is_incremental() -%}
    {{ adapter.dispatch('without_vanished_exports', 'wangjian')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__without_vanished_exports() -%}
    delete from {{ this }} where _export_id not in (select export_id from {{ ref('stg_audit__file_ledger') }})
{%- endmacro %}

{#- A month that still has another export is replaced as a whole when the model adds its rows. -#}
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

{#- Deletes rows of a storefront whose history is made from other rows than in the last build. -#}
{% macro forget_changed_storefronts() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where (storefront_id, signature) not in (select (storefront_id, signature) from {{ ref('int_storefront_signature') }})
    {%- endif -%}
{%- endmacro %}

{#- The storefronts whose rows in a model are out of date or missing. -#}
{% macro changed_storefronts() -%}
    select storefront_id, signature
    from {{ ref('int_storefront_signature') }}
    {%- if is_incremental() %}
    except
    select storefront_id, signature from {{ this }}
    {%- endif %}
{%- endmacro %}

{#- Deletes months whose facts are out of date. -#}
{% macro forget_changed_months() -%}
    {%- if is_incremental() -%}
    {{ adapter.dispatch('without_changed_months', 'wangjian')() }}
    {%- endif -%}
{%- endmacro %}

{% macro default__without_changed_months() -%}
    delete from {{ this }}
    where month_start not in ({{ months_as_they_should_be() }})
{%- endmacro %}

{#- The other changed months are replaced as a whole. -#}
{% macro spark__without_changed_months() -%}
    {%- set months -%}
    select distinct month_start from {{ this }} where month_start not in (select month_start from {{ ref('int_month_signature') }})
    {%- endset -%}
    {{ spark_without_partitions('month_start', months) }}
{%- endmacro %}

{#- A subquery: the months of a model whose facts are up to date. -#}
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

{#- Deletes rows of exports that are gone, or whose version now counts or no longer counts. -#}
{% macro forget_revalued_exports() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where (export_id, is_current_version) not in (select (export_id, is_current_version) from {{ ref('int_audit__export_status') }})
    {%- endif -%}
{%- endmacro %}
