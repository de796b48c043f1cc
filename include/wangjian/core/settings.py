"""Every setting that an administrator makes with an environment variable: its name, type, default and meaning.

`docs/reference/environment.md` is generated from this class. No other module of the package reads a setting from `os.environ`, except the
first start of containers, which reads the administrator's login that a secret file set.
`.env.example` lists what Docker Compose reads; secrets of containers are files (`deployment/containers/secrets.py`).
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from wangjian.core.errors import BadArguments

PREFIX = "WANGJIAN_"


class Settings(BaseSettings):
    """The settings of this process. An empty variable counts as not set: Compose passes unset ones as empty text."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    data: Path | None = Field(
        default=None,
        description="The data root: the folder of everything that is fetched, built and published. Default: `data/` in the project.",
    )
    home: Path | None = Field(
        default=None,
        description="The project's folder, where the package is not imported from a checkout (as in the images).",
    )
    schedule_until: date | None = Field(
        default=None,
        description="The last business date for which Airflow starts a run. Simulated sources end on a day.",
    )
    log_level: str | None = Field(
        default=None,
        description="`debug`, `info`, `warning` or `error`. Default: `warning` on the command line, `info` in tasks.",
    )
    log_format: str = Field(default="text", description="`text` for people, `json` for a log collector.")
    retention: Path | None = Field(
        default=None, description="A YAML file whose periods replace those of `core/retention.yml`."
    )
    roles: Path | None = Field(
        default=None, description="A YAML file of roles that replaces `governance/roles/roles.yml`."
    )
    processing: Path | None = Field(
        default=None,
        description="A YAML file that replaces `governance/privacy/processing.yml`, the entries of the register of processing.",
    )
    metrics_file: Path | None = Field(
        default=None,
        description="A file for Prometheus' textfile collector, written after each publication, backfill and health check.",
    )
    openlineage_file: Path | None = Field(
        default=None, description="A file to which each step appends its OpenLineage events. Not set: no events."
    )
    openlineage_namespace: str = Field(
        default="wangjian", description="The namespace with which the names of datasets in lineage events begin."
    )
    postgres: str | None = Field(
        default=None,
        description="The connection string (libpq) of the mirror in PostgreSQL. Default: the Airflow connection `wangjian_postgres`.",
    )
    superset_home: Path | None = Field(
        default=None, description="The folder of Superset's own data. Who starts Superset sets it."
    )
    engine: str = Field(default="duckdb", description="The engine that builds the warehouse: `duckdb` or `spark`.")
    spark_server: str | None = Field(
        default=None,
        description="`host:port` of a Spark Thrift server that is running. Not set: each build starts a Spark of its own.",
    )
    spark_tables: str | None = Field(
        default=None,
        description="The server's `spark.sql.warehouse.dir`, as this machine sees it. Required with `WANGJIAN_SPARK_SERVER`.",
    )
    spark_raw: str | None = Field(
        default=None,
        description="The folder `raw/` of the data root, as Spark sees it. Default: its path on this machine.",
    )
    spark_venv: Path | None = Field(
        default=None, description="The environment that holds dbt-spark. Default: `.venv-spark` in the project."
    )
    spark_driver_memory: str | None = Field(
        default=None, description="Memory of the driver of a Spark that a build starts, as Spark writes it (`2g`)."
    )
    spark_workers: int | None = Field(
        default=None, ge=1, description="Number of workers of a Spark that a build starts."
    )
    spark_worker_memory: str | None = Field(default=None, description="Memory of each worker, as Spark writes it.")

    java_home: Path | None = Field(
        default=None, validation_alias="JAVA_HOME", description="Java for Spark. Default: `java` on the path."
    )
    airflow_home: Path | None = Field(
        default=None,
        validation_alias="AIRFLOW_HOME",
        description="Airflow's folder; housekeeping clears old task logs in it. Default: `airflow/` in the data root.",
    )
    airflow_logs: Path | None = Field(
        default=None,
        validation_alias="AIRFLOW__LOGGING__BASE_LOG_FOLDER",
        description="Airflow's task logs. Default: `logs/` in Airflow's folder.",
    )
    demo_from: str = Field(
        default="2023-01-01", validation_alias="FROM", description="`make up`: the first day of the simulated world."
    )
    demo_to: str = Field(
        default="2023-12-31", validation_alias="TO", description="`make up`: the last day of the simulated world."
    )
    demo_scale: str = Field(
        default="1.0",
        validation_alias="SCALE",
        description="`make up`, `make demo`: the size of the simulated world; 1 is the city.",
    )
    # a text and not a number: other programs set PORT too, and their value must not stop a command that needs no port
    port: str = Field(
        default="0",
        validation_alias="PORT",
        description="`make superset`: the port to listen on. 0: the system picks one.",
    )


def settings() -> Settings:
    """Return the settings, read from the present environment.

    Raises:
        BadArguments: variables have values that their settings do not allow; the message names all of them.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"{variable_of(str(fault['loc'][0]))}={fault['input']!r}: {fault['msg']}" for fault in error.errors()]
        raise BadArguments(
            f"环境变量取值无效 settings in the environment are not valid: {'; '.join(faults)}",
            fix="correct or unset these variables; docs/reference/environment.md says what each may be",
        ) from None


def variable_of(field: str) -> str:
    """Return the name of the environment variable of a setting, given its field's name or its alias."""
    if field not in Settings.model_fields:
        return field.upper()
    alias = Settings.model_fields[field].validation_alias
    return str(alias) if alias else f"{PREFIX}{field.upper()}"


def project_home() -> Path | None:
    """Return the folder of `$WANGJIAN_HOME`, read without the other settings.

    The project's folder is needed while modules are imported. At that moment nothing turns an error into a message, so a wrong value of
    another variable must not raise one.
    """
    home = os.environ.get(variable_of("home"))
    return Path(home) if home else None
