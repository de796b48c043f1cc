select
    calendar_date as date_on,
    cast(extract(year from calendar_date) as integer) as year,
    cast(date_trunc('quarter', calendar_date) as date) as quarter_start,
    cast(date_trunc('month', calendar_date) as date) as month_start,
    cast(is_working_day as boolean) as is_working_day,
    -- counts the working days so far: the distance between two days is a subtraction
    cast(sum(case when cast(is_working_day as boolean) then 1 else 0 end) over (order by calendar_date) as integer) as working_day_seq,
    nullif(holiday_name, '') as holiday_name,
    cast(is_make_up_day as boolean) as is_make_up_day,
    cast(is_provisional as boolean) as is_provisional
from {{ ref('seed_calendar') }}
