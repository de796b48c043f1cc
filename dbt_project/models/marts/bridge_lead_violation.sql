-- A lead can have several violations; the primary one is the first that the lead's leading system names.
with

named as (
    select keys.lead_key, {{ explode_json_list('submissions.violation_codes') }} as violation_code
    from {{ ref('int_lead_submission') }} as submissions
    inner join {{ ref('fct_lead_submission') }} as keys on submissions.submission_key = keys.submission_key
)

select named.lead_key, named.violation_code, named.violation_code = leads.violation_code as is_primary
from named
inner join {{ ref('fct_lead') }} as leads on named.lead_key = leads.lead_key
where named.violation_code <> ''
group by all
