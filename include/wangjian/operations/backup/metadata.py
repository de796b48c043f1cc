"""Airflow's metadata database: which one Airflow's own configuration names, a copy of it, and the way back.

The copy of PostgreSQL is made by `pg_dump`, that of SQLite by its own way of copying a database that is in use. Passwords go
to these programs by their environment, never by their arguments, which everybody on the machine may read.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from wangjian.core.errors import WangjianError
from wangjian.core.files import temporary_beside, written_atomically

if TYPE_CHECKING:
    from sqlalchemy import URL

Kind = Literal["sqlite", "postgresql"]


@contextmanager
def dumped(folder: Path) -> Iterator[tuple[Kind, Path]]:
    """Copy the database to a file, consistent in itself, while Airflow goes on.

    Args:
        folder: on the disk that has room for it.

    Yields:
        The kind of database and the file, which goes with the end of the block.

    Raises:
        WangjianError: the database cannot be read.
    """
    url = _url()
    target = temporary_beside(folder / "metadata")
    # before anything is in it
    target.touch(mode=0o600)
    try:
        if kind_of(url) == "sqlite":
            _copy_sqlite(_sqlite_file(url), target)
        else:
            _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        yield kind_of(url), target
    finally:
        target.unlink(missing_ok=True)


def load_dump(kind: Kind, dump: Path) -> None:
    """Put a copy in the place of the database that Airflow's configuration names. Airflow must not run.

    Args:
        kind: of the database that it was made of.
        dump: the copy.

    Raises:
        WangjianError: the configuration names another kind of database, or it refuses; then it is as it was.
    """
    url = _url()
    require_kind(kind)
    if kind == "postgresql":
        _run(
            url,
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            str(dump),
        )
        return
    target = _sqlite_file(url)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_atomically(target) as temporary:
        shutil.copyfile(dump, temporary)
        temporary.chmod(0o600)
    for beside in ("-wal", "-shm"):
        target.with_name(f"{target.name}{beside}").unlink(missing_ok=True)


def require_kind(kind: Kind) -> None:
    """Make sure that Airflow's configuration names such a database.

    Raises:
        WangjianError: it does not.
    """
    if kind_of(_url()) != kind:
        raise WangjianError(
            f"the backup holds a {kind} database, and Airflow's configuration names another kind",
            fix="set AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        )


def kind_of(url: URL) -> Kind:
    """The kind of a database.

    Raises:
        WangjianError: neither of the two that can be backed up.
    """
    name = url.get_backend_name()
    if name == "sqlite":
        return "sqlite"
    if name == "postgresql":
        return "postgresql"
    raise WangjianError(f"{name} cannot be backed up by Wangjian", fix="use the tools of that database")


def _url() -> URL:
    # takes seconds: only who asks for it pays
    from airflow.configuration import conf
    from sqlalchemy import make_url

    return make_url(conf.get_mandatory_value("database", "sql_alchemy_conn"))


def _sqlite_file(url: URL) -> Path:
    return Path(url.database or "").absolute()


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.exists():
        raise WangjianError(
            "there is no metadata database", file=source, fix="set AIRFLOW_HOME, or leave --metadata out"
        )
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
        # a single file, with no log beside it
        other.execute("pragma journal_mode = delete")
    _sync(target)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _run(url: URL, program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise WangjianError(f"{program} is not installed", fix="install the client programs of PostgreSQL")
    secret = {"PGPASSWORD": url.password} if url.password else {}
    # the arguments are ours
    done = subprocess.run(  # noqa: S603
        [program, f"--dbname={_conninfo(url)}", *arguments],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise WangjianError(
            f"{program} failed: {said[0] if said else done.returncode}",
            database=url.database,
            host=url.host,
            fix="see that the server runs and that the program is not older than it",
        )


def _conninfo(url: URL) -> str:
    given = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in given.items() if value)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
