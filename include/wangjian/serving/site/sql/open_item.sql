select item_type, item_key, org_name, region_code, started_on, due_on, is_due_provisional, working_days_left, watch_status
from reports.rpt_deadline_watch
where item_type in ('CASE', 'PUBLICATION')
order by due_on, item_type, item_key
