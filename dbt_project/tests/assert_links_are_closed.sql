-- One more round of label propagation would change nothing: every group has one label.
select links.group_id
from {{ ref('int_lead_link') }} as links
inner join {{ ref('int_lead_cluster') }} as clusters on links.submission_key = clusters.submission_key
group by links.group_id
having count(distinct clusters.label) > 1
