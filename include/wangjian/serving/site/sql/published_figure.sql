select figure_name, figure_name_en, unit, year, published_value, is_lower_bound, warehouse_value, agrees, published_in
from reports.rpt_published_figures
order by year desc, figure_code
