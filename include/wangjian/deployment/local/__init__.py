"""Run Airflow and the simulated sources on one machine, for `make demo`, `make up` and `make down`."""
