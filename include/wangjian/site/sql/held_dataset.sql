select source, provider, dataset, counts_until, held_since, fail_codes, waiting_exports
from audit.held_dataset
order by all
