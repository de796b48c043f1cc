-- The open items with a legal time limit, by the date of the data: overdue, due within seven working days, or later.
with

as_of as (
    select as_of.as_of_date, dates.working_day_seq
    from {{ ref('int_as_of') }} as as_of
    inner join {{ ref('dim_date') }} as dates on as_of.as_of_date = dates.date_on
),

open_items as (
    select
        'LEAD' as item_type, 'D01' as rule_code, lead_key as item_key, handling_org_code as org_code, region_code,
        cast(verify_started_at as date) as started_on, verify_due_on as due_on, is_verify_due_provisional as is_due_provisional
    from {{ ref('fct_lead') }}
    where verify_ended_at is null
    union all
    select 'CASE', 'D02', case_no, org_code, region_code, filed_on, decision_due_on, is_decision_due_provisional
    from {{ ref('fct_case') }}
    where decided_on is null
    union all
    select 'PUBLICATION', 'D12', case_no, org_code, region_code, decided_on, published_due_on, is_published_due_provisional
    from {{ ref('fct_case') }}
    where published_due_on is not null and published_on is null
)

select
    as_of.as_of_date as as_of,
    open_items.item_type,
    open_items.item_key,
    open_items.rule_code,
    open_items.org_code,
    organs.org_name,
    open_items.region_code,
    open_items.started_on,
    open_items.due_on,
    open_items.is_due_provisional,
    dates.working_day_seq - as_of.working_day_seq as working_days_left,
    case
        when open_items.due_on < as_of.as_of_date then 'OVERDUE'
        when dates.working_day_seq - as_of.working_day_seq <= 7 then 'DUE_SOON'
        else 'OPEN'
    end as watch_status
from open_items
cross join as_of
left join {{ ref('dim_date') }} as dates on open_items.due_on = dates.date_on
left join {{ ref('dim_organization') }} as organs on open_items.org_code = organs.org_code
