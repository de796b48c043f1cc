-- Parties of cases. Persons' names are masked. Their ID numbers were hashed by the parser, and no published table has the hashes.
with

ranked as (
    select
        *,
        {{ uscc_normalised('uscc') }} as uscc_normalised,
        row_number() over (partition by case_no, party_seq order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__case_parties') }}
)

select
    case_no,
    party_seq,
    party_kind,
    {{ masked_name('party_name', 'party_kind') }} as party_name,
    case when {{ uscc_is_valid('uscc_normalised') }} then uscc_normalised end as uscc,
    case
        when {{ uscc_is_valid('uscc_normalised') }} then {{ stable_key(["'USCC'", "uscc_normalised"]) }}
    end as operator_key
from ranked
where nth = 1
