-- The months that a storefront's own rows give as its last scan; a row without a month where there is none. Kept between builds like
-- the versions.
{{ config(materialized=kept_by_row(), pre_hook="{{ forget_changed_storefronts() }}") }}
with

changed as (
    {{ changed_storefronts() }}
)

select distinct
    found.storefront_id,
    changed.signature,
    cast(date_trunc('month', found.last_scanned_on) as date) as month_start
from {{ ref('stg_five_level__storefronts') }} as found
inner join changed on found.storefront_id = changed.storefront_id
