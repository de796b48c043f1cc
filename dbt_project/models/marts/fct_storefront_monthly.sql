-- One row per storefront and finished month: the state on the month's last day. Kept between builds: only months whose facts are
-- out of date are built again.
{{ config(
    materialized='incremental',
    partition_by=kept_by('month_start'),
    on_schema_change='fail',
    pre_hook="{{ forget_changed_months() }}"
) }}
with

months as (
    select month_start, month_end
    from {{ ref('int_month_signature') }}
    {%- if is_incremental() %}
    where month_start not in ({{ months_that_stay() }})
    {%- endif %}
),

facts as (
    {{ storefront_months('months') }}
)

select {{ storefront_month_facts() | join(', ') }}
from facts
