-- The date of the data: the latest business date that counts in the daily sources.
select
    {% if var('as_of') %}cast('{{ var('as_of') }}' as date){% else %}max(business_date){% endif %} as as_of_date
from {{ ref('int_audit__export_status') }}
where counts and is_daily
