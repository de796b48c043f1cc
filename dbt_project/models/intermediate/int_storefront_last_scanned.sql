-- The months that a storefront's own rows name as its last scan, as a set. Kept between builds like its versions.
{{ config(materialized='incremental', pre_hook="{{ forget_changed_storefronts() }}") }}
with

changed as (
    {{ changed_storefronts() }}
)

select
    found.storefront_id,
    changed.signature,
    {{ set_of("cast(date_trunc('month', found.last_scanned_on) as date)") }} as months
from {{ ref('stg_five_level__storefronts') }} as found
inner join changed on found.storefront_id = changed.storefront_id
group by found.storefront_id, changed.signature
