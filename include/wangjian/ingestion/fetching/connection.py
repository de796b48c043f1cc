"""Read the address and login of a source from Airflow's connections."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from wangjian.core.errors import BadArguments
from wangjian.core.skipped_imports import skip_unused_imports


@dataclass(frozen=True)
class Endpoint:
    """The address and login of a source. Its printed form shows no secrets, so that none gets into a log.

    Attributes:
        extra: the connection's further settings: `host_key`, `private_key`, `path`.
    """

    connection_id: str
    host: str = ""
    port: int | None = None
    scheme: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    extra: dict[str, Any] = field(default_factory=dict, repr=False)


def resolve(connection_id: str) -> Endpoint:
    """Return a connection from the environment (`AIRFLOW_CONN_…`), the secrets backend or Airflow's database.

    Raises:
        BadArguments: the connection is not defined, or its extra is not JSON.
    """
    # imported late, because Airflow takes seconds to import and only fetching needs it; one second is a grammar of
    # addresses that is not used here, hence the skipped import
    skip_unused_imports("rfc3987_syntax")
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        connection = BaseHook.get_connection(connection_id)
    except (AirflowNotFoundException, AirflowRuntimeError):
        raise BadArguments(
            "no such connection",
            connection=connection_id,
            fix=f"define it in Airflow, or set AIRFLOW_CONN_{connection_id.upper()}",
        ) from None
    return _endpoint(connection_id, connection)


def _endpoint(connection_id: str, connection: Any) -> Endpoint:
    try:
        extra = json.loads(connection.extra) if connection.extra else {}
    except ValueError:
        # without the cause: it quotes the text, which holds secrets
        raise BadArguments(
            "the extra of the connection is not JSON", connection=connection_id, fix="correct it in Airflow"
        ) from None
    return Endpoint(
        connection_id,
        host=connection.host or "",
        port=connection.port,
        scheme=connection.schema or "",
        login=connection.login or "",
        password=connection.password or "",
        extra=extra,
    )
