with

runs as (
    select check_kind, max_by(run_id, checked_at) as run_id
    from audit.check_result
    group by check_kind
)

select check_kind, severity, table_name, rule, source, provider, observed, expected, failing_rows, message
from audit.check_result
inner join runs using (check_kind, run_id)
where not passed
order by severity, check_kind, table_name, rule
limit 200
