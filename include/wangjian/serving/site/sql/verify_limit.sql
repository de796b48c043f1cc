-- The limit that holds on the day of the data.
select day_count
from marts.dim_deadline_rule
where rule_code = 'D01' and valid_from <= $as_of and (valid_to is null or valid_to > $as_of)
