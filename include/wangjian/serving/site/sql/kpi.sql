select kpi_code, kpi_name, kpi_name_en, unit, aggregation, slices, formula, formula_en, numerator_of, denominator_of, legal_basis, availability
from marts.dim_kpi
order by kpi_code
