"""Names that Airflow and those who start it share."""

WRITER_POOL = "warehouse_writer"
"""One slot: DuckDB takes one writing process."""
