select item_type, watch_status, count(*) as item_count
from reports.rpt_deadline_watch
group by all
order by all
