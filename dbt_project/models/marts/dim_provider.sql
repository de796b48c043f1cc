-- Providers with the thresholds of their contracts; a provider that delivers and is not in the seed has no thresholds.
with

delivering as (
    select distinct provider as provider_code
    from {{ ref('stg_audit__file_ledger') }}
    where provider <> ''
)

select
    coalesce(known.provider_code, delivering.provider_code) as provider_code,
    coalesce(known.provider_name, delivering.provider_code) as provider_name,
    coalesce(known.provider_name_en, delivering.provider_code) as provider_name_en,
    known.delivery_hours,
    known.accuracy_threshold,
    known.complete_threshold,
    known.evidence_threshold
from {{ ref('seed_provider') }} as known
full outer join delivering on known.provider_code = delivering.provider_code
