select
    {{ case_no_normalised('case_no') }} as case_no,
    item_seq,
    party_seq,
    penalty_type,
    amount,
    paid_on,
    paid_amount,
    legal_basis,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__case_penalties') }}
where counts and _disposition = 'loaded'
