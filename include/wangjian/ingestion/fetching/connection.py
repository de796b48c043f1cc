"""Address and login of a source, from Airflow's connections."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from wangjian.core.errors import BadArguments
from wangjian.core.skipped_imports import skip_unused_imports


@dataclass(frozen=True)
class Endpoint:
    """Where a source is and how to log in. The secrets stay out of its printed form.

    Attributes:
        extra: what the connection says besides: `host_key`, `private_key`, `path`.
    """

    connection_id: str
    host: str = ""
    port: int | None = None
    scheme: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    extra: dict[str, Any] = field(default_factory=dict, repr=False)


def resolve(connection_id: str) -> Endpoint:
    """Look a connection up: in the environment (`AIRFLOW_CONN_…`), the secrets backend or Airflow's database.

    Raises:
        BadArguments: nobody has defined it.
    """
    # importing Airflow takes seconds, one of them for a grammar of addresses: only who fetches pays for it
    skip_unused_imports("rfc3987_syntax")
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        found = BaseHook.get_connection(connection_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        raise BadArguments(
            "no such connection",
            connection=connection_id,
            fix=f"define it in Airflow, or set AIRFLOW_CONN_{connection_id.upper()}",
        ) from None
    return _endpoint(connection_id, found)


def _endpoint(connection_id: str, found: Any) -> Endpoint:
    try:
        extra = json.loads(found.extra) if found.extra else {}
    except ValueError:
        # without the cause: it holds the text, and that a secret
        raise BadArguments(
            "the extra of the connection is no JSON", connection=connection_id, fix="correct it in Airflow"
        ) from None
    return Endpoint(
        connection_id,
        host=found.host or "",
        port=found.port,
        scheme=found.schema or "",
        login=found.login or "",
        password=found.password or "",
        extra=extra,
    )
