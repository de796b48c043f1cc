"""Names that the DAGs and the programs that start Airflow must spell the same way."""

WRITER_POOL = "warehouse_writer"
"""The pool of the tasks that write the warehouse. It has one slot, because DuckDB allows one writing process."""

WRITER_QUEUE = "warehouse"
"""The Celery queue of the writing tasks. A worker of its own takes one of them at a time. Other executors ignore queues."""
