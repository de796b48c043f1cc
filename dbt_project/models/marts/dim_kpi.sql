select
    kpi_code,
    kpi_name,
    kpi_name_en,
    unit,
    aggregation,
    scale,
    period_types,
    nullif(slices, '') as slices,
    formula,
    formula_en,
    nullif(numerator_of, '') as numerator_of,
    nullif(denominator_of, '') as denominator_of,
    nullif(legal_basis, '') as legal_basis,
    availability
from {{ ref('seed_kpi') }}
