-- Operators (户), by the latest state of any storefront that they run or ran: a shop that changed hands has two in its history.
-- Persons' names are masked: 个体工商户 count as persons.
with

keyed as (
    select
        states.*,
        {{ operator_key('states') }} as operator_key,
        {{ uscc_is_valid('uscc_normalised') }} as is_uscc_valid
    from {{ ref('int_storefront_state') }} as states
),

chosen as (
    select *, row_number() over (partition by operator_key order by valid_from desc, storefront_id, version_no desc) as choice
    from keyed
)

select
    operator_key,
    case when is_uscc_valid then uscc_normalised end as uscc,
    is_uscc_valid,
    {{ uscc_invalid_reason('uscc_normalised') }} as uscc_invalid_reason,
    {{ masked_name('operator_name', 'operator_kind') }} as operator_name,
    operator_kind
from chosen
where choice = 1
