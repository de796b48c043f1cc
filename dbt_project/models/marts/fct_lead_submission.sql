-- Every lead as one source sent it, with its unified lead. `lead_key` comes from the smallest member of the unified lead.
with

members as (
    select
        clusters.label,
        clusters.match_rule,
        submissions.*,
        row_number() over (
            partition by clusters.label
            order by submissions.source_code, submissions.provider_code, submissions.source_lead_no, submissions.delivery
        ) as place,
        row_number() over (
            partition by clusters.label order by submissions.discovered_at, submissions.source_code, submissions.submission_key
        ) as nth_found
    from {{ ref('int_lead_cluster') }} as clusters
    inner join {{ ref('int_lead_submission') }} as submissions on clusters.submission_key = submissions.submission_key
),

heads as (
    select label, {{ stable_key(['source_code', 'provider_code', 'source_lead_no', 'delivery']) }} as lead_key
    from members
    where place = 1
)

select
    members.submission_key,
    heads.lead_key,
    members.source_code,
    members.provider_code,
    members.source_lead_no,
    members.delivery,
    members.business_date,
    case when members.nth_found = 1 then 'SELF' else coalesce(members.match_rule, 'SELF') end as match_rule,
    members.nth_found > 1 as is_duplicate,
    members.discovered_at,
    members.violation_code,
    members.closed_at,
    members.result_code
from members
inner join heads on members.label = heads.label
