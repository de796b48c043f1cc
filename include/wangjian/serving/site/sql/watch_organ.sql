select org_name, region_code, watch_status, count(*) as item_count
from reports.rpt_deadline_watch
where item_type = 'LEAD'
group by all
order by all
