"""Everything on one machine: Airflow and the simulated sources, for `make demo`, `make up` and `make down`."""
