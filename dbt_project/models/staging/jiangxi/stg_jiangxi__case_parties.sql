select
    {{ case_no_normalised('case_no') }} as case_no,
    party_seq,
    party_name,
    party_kind,
    uscc,
    id_no,
    {{ lineage_columns() }}
from {{ ref('base_jiangxi__case_parties') }}
where counts and _disposition = 'loaded'
