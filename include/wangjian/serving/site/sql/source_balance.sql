-- Files and rows of each source and provider.
with

files as (
    select
        source, provider, count(*) as file_count, count(*) filter (where status = 'rejected') as rejected_count,
        max(business_date) as last_business_date
    from audit.file_ledger
    group by all
),

balances as (
    select
        source, provider, cast(sum(rows_read) as bigint) as rows_read, cast(sum(rows_loaded) as bigint) as rows_loaded,
        cast(sum(rows_quarantined) as bigint) as rows_quarantined, cast(sum(rows_superseded) as bigint) as rows_superseded
    from audit.row_balance
    group by all
)

select files.*, coalesce(rows_read, 0) as rows_read, coalesce(rows_loaded, 0) as rows_loaded,
    coalesce(rows_quarantined, 0) as rows_quarantined, coalesce(rows_superseded, 0) as rows_superseded
from files
left join balances on files.source = balances.source and files.provider is not distinct from balances.provider
order by files.source, files.provider
