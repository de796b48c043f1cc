select category_code, category_name, category_name_en, nullif(parent_category_code, '') as parent_category_code
from {{ ref('seed_product_category') }}
