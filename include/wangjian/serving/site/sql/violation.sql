select violation_code, violation_name, violation_name_en
from marts.dim_violation_type
order by violation_code
