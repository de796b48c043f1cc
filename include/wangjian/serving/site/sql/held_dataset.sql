-- With what the first of its reasons means.
select
    held.source, held.provider, held.dataset, held.counts_until, held.held_since, held.fail_codes, held.waiting_exports,
    names.reason_name, names.reason_name_en
from audit.held_dataset as held
left join audit.reason_code as names on trim(split_part(replace(held.fail_codes, ',', ';'), ';', 1)) = names.reason_code
order by held.source, held.provider, held.dataset
