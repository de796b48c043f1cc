"""Connect to the mirror's database.

The address and the password come from the environment or an Airflow connection, never from the command line, where every
account of the machine could read them.
"""

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
    """Open the mirror's database. Each statement is a transaction of its own, unless the caller begins one.

    Yields:
        The connection.

    Raises:
        BadArguments: no connection is defined, or psycopg is not installed.
        WangjianError: the server cannot be reached, refuses, or does not use UTF-8.
    """
    psycopg = _driver()
    try:
        with psycopg.connect(_conninfo(), autocommit=True, application_name="wangjian mirror") as connection:
            _require_utf8(connection)
            yield connection
    # first: it is a kind of psycopg.Error, and its fix is another
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
        raise WangjianError(
            f"PostgreSQL refuses: {_said(error)}", fix="read the server's log, then publish again"
        ) from error


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
        connection = resolve(CONNECTION_ID)
    except BadArguments:
        raise BadArguments(
            "no connection to the mirror is defined",
            fix=f"set {VARIABLE} to a connection string of libpq, or define the Airflow connection {CONNECTION_ID}",
        ) from None
    parts = {
        "host": connection.host,
        "port": connection.port,
        "user": connection.login,
        "password": connection.password,
        "dbname": connection.scheme,
    }
    return make_conninfo(**{name: value for name, value in {**parts, **connection.extra}.items() if value})


def _require_utf8(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute("show server_encoding").fetchone()
    if not row or row[0] != "UTF8":
        raise WangjianError(
            f"the database has the encoding {row and row[0]}, not UTF8", fix="create it with encoding UTF8"
        )


def _said(error: Exception) -> str:
    """Return the first line of the server's or driver's message: the others may quote a statement or data."""
    return str(error).strip().split("\n")[0]
