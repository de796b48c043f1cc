-- depends_on: {{ ref('stg_five_level__organizations') }}
-- depends_on: {{ ref('int_storefront_state') }}
-- depends_on: {{ ref('stg_five_level__leads') }}
-- depends_on: {{ ref('stg_five_level__lead_events') }}
-- depends_on: {{ ref('stg_five_level__monitoring_tasks') }}
-- depends_on: {{ ref('stg_jiangxi__platforms') }}
-- depends_on: {{ ref('stg_jiangxi__inspections') }}
-- depends_on: {{ ref('stg_jiangxi__platform_checks') }}
-- depends_on: {{ ref('stg_jiangxi__guidance_actions') }}
-- depends_on: {{ ref('stg_jiangxi__platform_reviews') }}
-- depends_on: {{ ref('stg_jiangxi__leads') }}
-- depends_on: {{ ref('stg_jiangxi__cases') }}
-- Every code that the sources use for a member of a dimension, and whether the reference has it.
with

{% for source_name, dataset, node in contract_datasets() -%}
{%- set columns = node.columns.values() | selectattr('config.meta.refers') | map(attribute='name') | list -%}
{%- if columns %}
{%- set relation = 'int_storefront_state' if dataset == 'storefronts' else 'stg_' ~ source_name ~ '__' ~ dataset %}
{{ source_name }}__{{ dataset }} as (
    select {{ columns | join(', ') }}, count(*) as use_count
    from {{ ref(relation) }}
    group by {{ columns | join(', ') }}
),
{% endif %}
{%- endfor %}
used as (
    {%- for source_name, dataset, node in contract_datasets() %}
    {%- for column in node.columns.values() if column.config.meta.refers %}
    select
        '{{ column.config.meta.refers }}' as code_kind,
        {{ explode_json_list(column.name) if column.name == 'violation_codes' else column.name }} as code,
        '{{ source_name }}' as source,
        '{{ dataset }}' as dataset,
        use_count
    from {{ source_name }}__{{ dataset }}
    where {{ column.name }} is not null
    union all
    {%- endfor %}
    {%- endfor %}
    select cast(null as {{ dbt.type_string() }}), null, null, null, 0 where false
),

known as (
    select 'violation' as code_kind, violation_code as code from {{ ref('seed_violation_type') }}
    union all
    select 'category', category_code from {{ ref('seed_product_category') }}
    union all
    select 'region', region_code from {{ ref('seed_region') }}
    union all
    select 'organ', org_code from {{ ref('stg_five_level__organizations') }}
    union all
    select 'platform', platform_code from {{ ref('stg_jiangxi__platforms') }}
    union all
    select 'platform', code from {{ ref('seed_alias') }} where domain = 'platform'
),

distinct_known as (
    select distinct code_kind, code, true as is_known
    from known
),

counted as (
    select code_kind, code, source, dataset, cast(sum(use_count) as bigint) as use_count
    from used
    where code <> '' and code <> 'UNMAPPED'
    group by code_kind, code, source, dataset
)

select
    counted.code_kind,
    counted.code,
    counted.source,
    counted.dataset,
    counted.use_count,
    coalesce(distinct_known.is_known, false) as is_known
from counted
left join distinct_known on counted.code_kind = distinct_known.code_kind and counted.code = distinct_known.code
