select *
from reports.rpt_platform_profile
order by storefront_count desc, platform_code
