"""How the warehouse is built: dbt, on DuckDB or on Spark."""
