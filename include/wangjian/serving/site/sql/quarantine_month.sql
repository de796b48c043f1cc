select
    strftime(business_date, '%Y-%m') as month, source, cast(sum(rows_read) as bigint) as rows_read,
    cast(sum(rows_quarantined) as bigint) as rows_quarantined
from audit.row_balance
where business_date between $since and $as_of
group by all
order by all
