-- Each lead that a provider sent, with the values that measure its quality. It is measured after feedback; undecided leads do not count.
with

deliveries as (
    select
        provider, dataset, business_date, delivery, version,
        min(delivered_at) as delivered_at
    from {{ ref('stg_audit__file_ledger') }}
    where role = 'data'
    group by provider, dataset, business_date, delivery, version
)

select
    keys.submission_key,
    keys.lead_key,
    sent._provider as provider_code,
    sent._business_date as business_date,
    sent.provider_lead_no as source_lead_no,
    keys.is_duplicate,
    leads.source_count > 1 as is_taken_up,
    case
        when leads.result_code in ('FILED', 'ORDERED', 'MINOR', 'TRANSFERRED') then true
        when leads.result_code = 'UNFOUNDED' then false
    end as is_founded,
    sent.found_on is not null
    and (sent.platform_text is not null or sent.storefront_type in ('SITE', 'APP', 'OA'))
    and sent.storefront_name is not null and sent.url is not null
    and sent.region_text is not null and sent.violation_text is not null and sent.description is not null
    and sent.evidence_file is not null as is_complete,
    case when leads.storefront_key is not null then sent.region_code = leads.region_code end as is_region_right,
    evidence.hash_status,
    evidence.hash_status = 'MATCH' as is_evidence_valid,
    -- delivery times are UTC; a business date ends at 24:00 in Shanghai, 16:00 UTC
    {{ hours_between(add_days('sent._business_date', 1), 'deliveries.delivered_at') }} + 8 <= providers.delivery_hours as is_on_time
from {{ ref('int_provider_lead') }} as sent
inner join {{ ref('fct_lead_submission') }} as keys on sent.submission_key = keys.submission_key
inner join {{ ref('fct_lead') }} as leads on keys.lead_key = leads.lead_key
left join {{ ref('fct_evidence') }} as evidence on keys.submission_key = evidence.submission_key
left join {{ ref('dim_provider') }} as providers on sent._provider = providers.provider_code
left join deliveries
    on sent._provider = deliveries.provider and sent._business_date = deliveries.business_date
        and sent._delivery = deliveries.delivery and sent._version = deliveries.version and deliveries.dataset = 'leads'
