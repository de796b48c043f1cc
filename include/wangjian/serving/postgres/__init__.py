"""The mirror of the published tables in PostgreSQL."""
