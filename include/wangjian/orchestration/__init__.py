"""When, and in which order: the steps of a run, backfills, and what the tasks of the DAGs call."""
