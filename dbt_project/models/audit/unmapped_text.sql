-- The providers' texts without an alias, to be added to `seed_alias`. The next build then applies the alias to history too.
{%- set domains = ['platform', 'storefront_type', 'region', 'violation', 'category'] %}
with

{% for dataset in ['leads', 'coverage'] %}
{{ dataset }} as (
    select *, '{{ dataset }}' as dataset
    from {{ ref('stg_third_party__' ~ dataset) }}
),
{% endfor %}
texts as (
    {%- for domain in domains %}
    select '{{ domain }}' as domain, {{ domain }}_text as unmapped_text, _provider as provider, dataset, _business_date as business_date
    from leads
    where {{ 'storefront_type' if domain == 'storefront_type' else domain ~ '_code' }} = 'UNMAPPED'
    union all
    {%- endfor %}
    {%- for domain in domains[:3] %}
    select '{{ domain }}', {{ domain }}_text, _provider, dataset, _business_date
    from coverage
    where {{ 'storefront_type' if domain == 'storefront_type' else domain ~ '_code' }} = 'UNMAPPED'
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select
    provider,
    dataset,
    domain,
    unmapped_text,
    count(*) as row_count,
    min(business_date) as first_seen_on,
    max(business_date) as last_seen_on
from texts
group by provider, dataset, domain, unmapped_text
