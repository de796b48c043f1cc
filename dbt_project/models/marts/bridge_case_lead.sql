-- Cases and the leads that led to them; either the case or the lead names the other.
with

cases as (
    select case_no, lead_no, row_number() over (partition by case_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__cases') }}
),

named as (
    select case_no, {{ explode_text('lead_no', ';') }} as source_lead_no
    from cases
    where nth = 1 and lead_no is not null
),

links as (
    select named.case_no, submissions.lead_key
    from named
    inner join {{ ref('fct_lead_submission') }} as submissions
        -- a provider's numbers are unique within a delivery only
        on submissions.provider_code = '' and {{ trimmed('named.source_lead_no') }} = submissions.source_lead_no
    union
    select leads.case_no, leads.lead_key
    from {{ ref('fct_lead') }} as leads
    inner join {{ ref('fct_case') }} as cases on leads.case_no = cases.case_no
)

select case_no, lead_key
from links
