select category_code, category_name, category_name_en
from marts.dim_product_category
order by category_code
