select
    run_id, max(checked_at) as checked_at, count(*) as check_count,
    count(*) filter (where not passed and severity = 'critical') as critical_count,
    count(*) filter (where not passed and severity <> 'critical') as warning_count
from audit.check_result
group by run_id
order by checked_at desc
limit 12
