-- The required datasets of each mart (`needs` in its YAML), the latest date that counts, and since when they are held back.
with

needs (mart_name, source, dataset) as (
    values
    {%- for mart_name, source_name, dataset in mart_needs() %}
    ('{{ mart_name }}', '{{ source_name }}', '{{ dataset }}'),
    {%- endfor %}
    (null, null, null)
),

last_counted as (
    select source, dataset, max(business_date) as counts_until
    from {{ ref('int_audit__export_status') }}
    where counts
    group by source, dataset
),

held as (
    select source, dataset, min(held_since) as held_since
    from {{ ref('held_dataset') }}
    group by source, dataset
)

select needs.mart_name, needs.source, needs.dataset, last_counted.counts_until, held.held_since
from needs
left join last_counted on needs.source = last_counted.source and needs.dataset = last_counted.dataset
left join held on needs.source = held.source and needs.dataset = held.dataset
where needs.mart_name is not null
