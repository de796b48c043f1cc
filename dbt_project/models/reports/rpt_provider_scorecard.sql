-- Each provider and month, with the thresholds of the provider's contract. A value is null where there is nothing to measure.
with

months as (
    select
        provider_code,
        cast(date_trunc('month', business_date) as date) as month_start,
        count(*) as submitted_count,
        count(*) filter (where is_duplicate) as duplicate_count,
        count(*) filter (where is_taken_up) as taken_up_count,
        count(*) filter (where is_founded) as founded_count,
        count(*) filter (where is_founded is not null) as judged_count,
        count(*) filter (where is_complete) as complete_count,
        count(*) filter (where is_region_right) as right_region_count,
        count(*) filter (where is_region_right is not null) as region_judged_count,
        count(*) filter (where is_evidence_valid) as valid_evidence_count,
        count(*) filter (where is_on_time) as on_time_count
    from {{ ref('int_provider_submission') }}
    group by all
),

rates as (
    select
        *,
        {{ ratio('duplicate_count', 'submitted_count') }} as duplicate_rate,
        {{ ratio('taken_up_count', 'submitted_count') }} as valid_rate,
        {{ ratio('founded_count', 'nullif(judged_count, 0)') }} as accuracy_rate,
        {{ ratio('complete_count', 'submitted_count') }} as complete_rate,
        {{ ratio('right_region_count', 'nullif(region_judged_count, 0)') }} as location_rate,
        {{ ratio('valid_evidence_count', 'submitted_count') }} as evidence_rate,
        {{ ratio('on_time_count', 'submitted_count') }} as on_time_rate
    from months
)

select
    rates.provider_code,
    providers.provider_name,
    rates.month_start,
    rates.submitted_count,
    rates.judged_count,
    rates.region_judged_count,
    {{ rounded('rates.accuracy_rate', 5, 4) }} as accuracy_rate,
    {{ rounded('rates.valid_rate', 5, 4) }} as valid_rate,
    {{ rounded('rates.duplicate_rate', 5, 4) }} as duplicate_rate,
    {{ rounded('rates.complete_rate', 5, 4) }} as complete_rate,
    {{ rounded('rates.location_rate', 5, 4) }} as location_rate,
    {{ rounded('rates.evidence_rate', 5, 4) }} as evidence_rate,
    {{ rounded('rates.on_time_rate', 5, 4) }} as on_time_rate,
    providers.accuracy_threshold,
    providers.complete_threshold,
    providers.evidence_threshold,
    rates.accuracy_rate >= providers.accuracy_threshold as meets_accuracy,
    rates.complete_rate >= providers.complete_threshold as meets_completeness,
    rates.evidence_rate >= providers.evidence_threshold as meets_evidence
from rates
left join {{ ref('dim_provider') }} as providers on rates.provider_code = providers.provider_code
