-- The months that have ended by the date of the data, with a fingerprint of the correct facts of each.
with

months as (
    select max(date_on) as month_end
    from {{ ref('dim_date') }}
    where date_on <= (select as_of_date from {{ ref('int_as_of') }})
        and date_on >= (select min(valid_from) from {{ ref('dim_storefront') }})
    group by month_start
),

complete as (
    select cast(date_trunc('month', month_end) as date) as month_start, month_end
    from months
    where {{ add_days('month_end', 1) }} = cast(date_trunc('month', {{ add_days('month_end', 1) }}) as date)
),

facts as (
    {{ storefront_months('complete') }}
)

select
    month_start,
    month_end,
    {{ set_fingerprint(storefront_month_facts()) }} as signature
from facts
group by month_start, month_end
