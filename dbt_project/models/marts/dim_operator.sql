-- Operators (户), with the latest state of any storefront that they run or ran. A shop that changed hands has two operators in its history.
-- Persons' names are masked: 个体工商户 count as persons.
with

chosen as (
    select *, row_number() over (partition by operator_key order by valid_from desc, storefront_id, version_no desc) as choice
    from {{ ref('int_storefront_state') }}
)

select
    operator_key,
    case when is_uscc_valid then uscc_normalised end as uscc,
    is_uscc_valid,
    {{ uscc_invalid_reason('uscc_normalised', 'is_uscc_valid') }} as uscc_invalid_reason,
    {{ masked_name('operator_name', 'operator_kind') }} as operator_name,
    operator_kind
from chosen
where choice = 1
