-- Product categories; a code that the sources use and the seed lacks gets a row with its code only (`is_inferred`).
select
    category_code,
    category_name,
    category_name_en,
    nullif(parent_category_code, '') as parent_category_code,
    false as is_inferred
from {{ ref('seed_product_category') }}
union all
select inferred.code, '未知代码 ' || inferred.code, 'Unknown code ' || inferred.code, null, true
from {{ inferred_codes('category') }}
