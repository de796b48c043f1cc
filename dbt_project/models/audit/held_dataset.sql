-- The datasets that are held back now: since which business date, why, and how many exports wait.
with

held as (
    select source, provider, dataset, business_date, fail_codes, is_held
    from {{ ref('held_export') }}
    where not is_waived
),

last_counted as (
    select source, provider, dataset, max(business_date) as counts_until
    from {{ ref('int_audit__export_status') }}
    where counts
    group by source, provider, dataset
),

-- a failure no longer holds anything back once later exports count
present as (
    select held.*, last_counted.counts_until
    from held
    left join last_counted
        on held.source = last_counted.source and held.provider = last_counted.provider and held.dataset = last_counted.dataset
    where last_counted.counts_until is null or held.business_date > last_counted.counts_until
)

select
    source,
    provider,
    dataset,
    counts_until,
    min(business_date) as held_since,
    min_by(fail_codes, business_date) filter (where fail_codes is not null) as fail_codes,
    count(*) filter (where is_held) as waiting_exports
from present
group by source, provider, dataset, counts_until
