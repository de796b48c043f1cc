-- A row with several reasons counts with each of them.
with

reasons as (
    select source, provider, dataset, trim(unnest(string_split(reason_codes, ';'))) as code
    from audit.quarantine
)

select
    reasons.source, reasons.provider, reasons.dataset, reasons.code as reason_code, names.reason_name, names.reason_name_en,
    names.remedy, names.remedy_en, count(*) as row_count
from reasons
left join audit.reason_code as names on split_part(reasons.code, ':', 1) = names.reason_code
group by all
order by row_count desc, reasons.source, reasons.dataset, reasons.code
