{{ config(materialized=handed_on()) }}
-- What each unified lead adds to the KPIs of leads.
{% set lead_by = {
    'region_code': 'region_code', 'org_code': 'handling_org_code', 'platform_code': 'platform_code',
    'violation_code': 'violation_code', 'category_code': 'category_code', 'source_code': 'first_source',
} %}
with

working_days as (
    select date_on, working_day_seq
    from {{ ref('dim_date') }}
    where is_working_day
),

leads as (
    select
        leads.*,
        leads.result_code in ('FILED', 'ORDERED', 'MINOR', 'TRANSFERRED') as is_founded,
        receive_by.date_on as receive_due_on,
        as_of.as_of_date
    from {{ ref('fct_lead') }} as leads
    cross join {{ ref('int_as_of') }} as as_of
    left join {{ ref('dim_deadline_rule') }} as rules on {{ rule_on('rules', 'S01', 'leads.dispatched_at') }}
    left join {{ ref('dim_date') }} as dispatched on cast(leads.dispatched_at as date) = dispatched.date_on
    left join working_days as receive_by on dispatched.working_day_seq + rules.day_count = receive_by.working_day_seq
),

atoms as (
    select {{ kpi_atom('K05_LEADS', on='discovered_at', by=lead_by) }}
    from leads
    union all
    select {{ kpi_atom(
        'K06_RECEIVED',
        on='receive_due_on',
        numerator="case when cast(received_at as date) <= receive_due_on then 1 else 0 end",
        denominator='1',
        by=lead_by
    ) }}
    from leads
    where receive_due_on <= as_of_date
    union all
    select {{ kpi_atom(
        'K06_VERIFIED',
        on='verify_due_on',
        numerator="case when cast(verify_ended_at as date) <= verify_due_on then 1 else 0 end",
        denominator='1',
        by=lead_by
    ) }}
    from leads
    where verify_due_on <= as_of_date
    union all
    select {{ kpi_atom(
        'K07',
        on='dispatched_at',
        numerator="case when closed_at is not null then 1 else 0 end",
        denominator='1',
        by=lead_by
    ) }}
    from leads
    where dispatched_at is not null
    union all
    select {{ kpi_atom(
        'K08',
        on='closed_at',
        numerator="case when result_code = 'FILED' then 1 else 0 end",
        denominator='1',
        by=lead_by
    ) }}
    from leads
    where closed_at is not null
    union all
    select {{ kpi_atom('K10_MEAN', on='closed_at', numerator="handling_working_days", denominator='1', by=lead_by) }}
    from leads
    where closed_at is not null and handling_working_days is not null
    union all
    select {{ kpi_atom('K10_MEDIAN', on='closed_at', numerator="handling_working_days", by=lead_by) }}
    from leads
    where closed_at is not null and handling_working_days is not null
    union all
    select {{ kpi_atom('K16_POLICE', on='closed_at', by=lead_by) }}
    from leads
    where result_code = 'TRANSFERRED' and transfer_target = 'POLICE'
    union all
    select {{ kpi_atom('K16_OTHER_AGENCY', on='closed_at', by=lead_by) }}
    from leads
    where result_code = 'TRANSFERRED' and transfer_target = 'OTHER_AGENCY'
    union all
    select {{ kpi_atom('K16_OTHER_REGION', on='closed_at', by=lead_by) }}
    from leads
    where result_code = 'TRANSFERRED' and transfer_target = 'OTHER_REGION'
    union all
    -- a lead with a case is counted by its case
    select {{ kpi_atom('P15', on='closed_at', by=lead_by) }}
    from leads
    where result_code = 'TRANSFERRED' and transfer_target = 'POLICE' and case_no is null
    union all
    select {{ kpi_atom('P16', on='closed_at', by=lead_by) }}
    from leads
    where closed_at is not null and result_code not in ('DUPLICATE', 'NOT_JURISDICTION')
),

-- a lead that several providers sent counts once, and once for each of them
by_provider as (
    select distinct leads.*, submissions.provider_code
    from leads
    left join {{ ref('fct_lead_submission') }} as submissions
        on leads.lead_key = submissions.lead_key and submissions.provider_code <> ''
)

select *
from atoms
union all
select {{ kpi_atom(
    'K09', on='closed_at', numerator='case when is_founded then 1 else 0 end', denominator='1', key='lead_key',
    by={'region_code': 'region_code', 'violation_code': 'violation_code', 'provider_code': 'provider_code'}
) }}
from by_provider
where closed_at is not null
