with

ranked as (
    select
        *,
        row_number() over (partition by case_no, item_seq order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__case_penalties') }}
)

select
    case_no,
    item_seq,
    party_seq,
    penalty_type,
    coalesce(amount, 0) as amount,
    penalty_type = 'FINE' as is_fine,
    penalty_type in ('CONFISCATE_INCOME', 'CONFISCATE_GOODS') as is_confiscation,
    paid_on,
    paid_amount,
    legal_basis
from ranked
where nth = 1
