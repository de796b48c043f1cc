-- The evidence that a provider's list names, compared with the file that was delivered.
with

files as (
    select
        provider, business_date, delivery, part,
        max_by(file_sha256, version) filter (where file_sha256 is not null) as file_sha256,
        max_by(status, version) filter (where status is not null) as status
    from {{ ref('stg_audit__file_ledger') }}
    where role = 'evidence'
    group by provider, business_date, delivery, part
)

select
    leads.submission_key,
    leads._provider as provider_code,
    leads._business_date as business_date,
    leads.evidence_file,
    leads.captured_at,
    lower(leads.evidence_sha256) as declared_sha256,
    files.file_sha256,
    case
        when files.file_sha256 is null then 'MISSING'
        when files.status = 'rejected' then 'UNREADABLE'
        when leads.evidence_sha256 is null then 'NO_HASH'
        when lower(leads.evidence_sha256) = files.file_sha256 then 'MATCH'
        else 'MISMATCH'
    end as hash_status
from {{ ref('int_provider_lead') }} as leads
left join files
    on leads._provider = files.provider and leads._business_date = files.business_date and leads._delivery = files.delivery
        and leads.evidence_file = files.part
