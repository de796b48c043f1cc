"""Names that Airflow and those who start it share."""

WRITER_POOL = "warehouse_writer"
"""One slot: DuckDB takes one writing process."""

WRITER_QUEUE = "warehouse"
"""Where Celery runs tasks, the writer's go to a worker of their own that takes one at a time. Other executors know no queues."""
