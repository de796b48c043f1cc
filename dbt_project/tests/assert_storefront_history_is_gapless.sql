-- Each storefront has at most one version on any day.
select early.storefront_id
from {{ ref('dim_storefront') }} as early
inner join {{ ref('dim_storefront') }} as late
    on early.storefront_id = late.storefront_id and early.version_no + 1 = late.version_no
-- the second condition follows from the first; it skips storefronts with a single version, which are nearly all
where late.version_no > 1
    and (early.valid_to is null or early.valid_to > late.valid_from)
