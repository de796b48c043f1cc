-- What the publication rests on: the last run of each kind of check.
with

runs as (
    select check_kind, max_by(run_id, checked_at) as run_id
    from audit.check_result
    group by check_kind
)

select check_kind, severity, count(*) filter (where passed) as passed_count, count(*) filter (where not passed) as failed_count
from audit.check_result
inner join runs using (check_kind, run_id)
group by all
order by all
