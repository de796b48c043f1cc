{{ config(materialized=handed_on()) }}
-- What each case adds to the KPIs of cases. Filing, decision, closure and publication are four dates.
{% set case_by = {
    'region_code': 'region_code', 'org_code': 'org_code', 'violation_code': 'violation_code', 'platform_code': 'platform_code',
} %}
with

paid as (
    select case_no, sum(paid_amount) as paid_amount, sum(amount) as fined_amount
    from {{ ref('fct_case_penalty') }}
    where is_fine or is_confiscation
    group by case_no
),

cases as (
    select cases.*, coalesce(paid.paid_amount, 0) as paid_amount, as_of.as_of_date
    from {{ ref('fct_case') }} as cases
    cross join {{ ref('int_as_of') }} as as_of
    left join paid on cases.case_no = paid.case_no
),

atoms as (
    select {{ kpi_atom('K11_FILED', on='filed_on', by=case_by) }}
    from cases
    where filed_on is not null
    union all
    select {{ kpi_atom('K11_DECIDED', on='decided_on', by=case_by) }}
    from cases
    where decided_on is not null
    union all
    select {{ kpi_atom('K11_CLOSED', on='closed_on', by=case_by) }}
    from cases
    where closed_on is not null
    union all
    select {{ kpi_atom('K12_AMOUNT', on='decided_on', numerator="penalty_total", by=case_by) }}
    from cases
    where decided_on is not null
    union all
    select {{ kpi_atom('K12_PAID_RATE', on='decided_on', numerator="paid_amount", denominator='penalty_total', by=case_by) }}
    from cases
    where decided_on is not null
    union all
    select {{ kpi_atom(
        'K13',
        on='decided_on',
        numerator="case when decided_on <= decision_due_on then 1 else 0 end",
        denominator='1',
        by=case_by
    ) }}
    from cases
    where decided_on is not null
    union all
    select {{ kpi_atom(
        'K14_20WD',
        on='published_due_on',
        numerator="case when published_on <= published_due_on then 1 else 0 end",
        denominator='1',
        by=case_by
    ) }}
    from cases
    where published_due_on <= as_of_date
    union all
    select {{ kpi_atom(
        'K14_7WD',
        on='double_published_due_on',
        numerator="case when published_on <= double_published_due_on then 1 else 0 end",
        denominator='1',
        by=case_by
    ) }}
    from cases
    where double_published_due_on <= as_of_date
    union all
    select {{ kpi_atom('P12', on='decided_on', by=case_by) }}
    from cases
    where decided_on is not null
    union all
    select {{ kpi_atom('P13', on='decided_on', numerator='penalty_total', by=case_by) }}
    from cases
    where decided_on is not null
    union all
    select {{ kpi_atom('P15', on='decided_on', by=case_by) }}
    from cases
    where decided_on is not null and decision_type = 'TRANSFERRED' and transfer_target = 'POLICE'
)

select *
from atoms
