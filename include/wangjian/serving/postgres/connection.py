"""Where the mirror is and how to log in: from the environment or an Airflow connection, never from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.settings import settings

if TYPE_CHECKING:
    import psycopg

VARIABLE = "WANGJIAN_POSTGRES"
CONNECTION_ID = "wangjian_postgres"


@contextmanager
def connect() -> Iterator[psycopg.Connection[Any]]:
    """Open the mirror's database, each statement a transaction unless one is begun.

    Yields:
        The connection.

    Raises:
        BadArguments: no connection is defined, or psycopg is not installed.
        WangjianError: the server cannot be reached, refuses, or does not speak UTF-8.
    """
    psycopg = _driver()
    try:
        with psycopg.connect(_conninfo(), autocommit=True, application_name="wangjian mirror") as connection:
            _require_utf8(connection)
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise WangjianError(
            f"PostgreSQL refuses: {_said(error)}",
            fix="grant create on the database to the mirror's role, and let it own the schemas marts and reports",
        ) from error
    except psycopg.OperationalError as error:
        raise WangjianError(
            f"PostgreSQL cannot be reached or broke off: {_said(error)}",
            fix=f"look at the server and at {VARIABLE}, then try again: what is loaded stays",
        ) from error
    except psycopg.Error as error:
        raise WangjianError(f"PostgreSQL refuses: {_said(error)}", fix="see the server's log") from error


def _driver() -> Any:
    try:
        import psycopg
    except ImportError:
        raise BadArguments(
            "the driver of PostgreSQL is not installed",
            fix="pip install --require-hashes -r requirements/postgres.lock",
        ) from None
    return psycopg


def _conninfo() -> str:
    if dsn := settings().postgres:
        return dsn
    from psycopg.conninfo import make_conninfo

    from wangjian.ingestion.fetching.connection import resolve

    try:
        found = resolve(CONNECTION_ID)
    except BadArguments:
        raise BadArguments(
            "nobody has said where the mirror is",
            fix=f"set {VARIABLE} to a connection string of libpq, or define the Airflow connection {CONNECTION_ID}",
        ) from None
    parts = {
        "host": found.host,
        "port": found.port,
        "user": found.login,
        "password": found.password,
        "dbname": found.scheme,
    }
    return make_conninfo(**{name: value for name, value in {**parts, **found.extra}.items() if value})


def _require_utf8(connection: psycopg.Connection[Any]) -> None:
    found = connection.execute("show server_encoding").fetchone()
    if not found or found[0] != "UTF8":
        raise WangjianError(f"the database speaks {found and found[0]}, not UTF8", fix="create it with encoding UTF8")


def _said(error: Exception) -> str:
    """The first line that the server or driver said: no statement, no data."""
    return str(error).strip().split("\n")[0]
