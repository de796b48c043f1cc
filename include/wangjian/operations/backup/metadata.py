"""Copy and restore Airflow's metadata database, which Airflow's own configuration names.

`pg_dump` copies PostgreSQL. SQLite's backup function copies a SQLite database that is in use. The programs get passwords through their
environment, never through their arguments, which every user of the machine can read.
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
    """Copy the database to a consistent file while Airflow runs.

    Args:
        folder: a folder on the disk that has room for the copy.

    Yields:
        The kind of database and the file. The file is deleted at the end of the block.

    Raises:
        WangjianError: the database cannot be read.
    """
    url = _url()
    target = temporary_beside(folder / "metadata")
    # The mode is set while the file is still empty: the database holds the connections' passwords.
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
    """Replace the database that Airflow's configuration names with a copy. Airflow must not run.

    Args:
        kind: the kind of database that the copy was made from.
        dump: the copy.

    Raises:
        WangjianError: the configuration names another kind of database, or the restore failed; then the database did not change.
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
    # Files of the replaced database: SQLite would apply their pages to the restored one.
    for suffix in ("-wal", "-shm"):
        target.with_name(f"{target.name}{suffix}").unlink(missing_ok=True)


def require_kind(kind: Kind) -> None:
    """Check that Airflow's configuration names a database of this kind.

    Args:
        kind: the kind of database in the backup.

    Raises:
        WangjianError: it names another kind.
    """
    if kind_of(_url()) != kind:
        raise WangjianError(
            f"the backup holds a {kind} database, and Airflow's configuration names another kind",
            fix=f"set AIRFLOW__DATABASE__SQL_ALCHEMY_CONN to a {kind} database",
        )


def kind_of(url: URL) -> Kind:
    """Return the kind of a database.

    Args:
        url: its address.

    Raises:
        WangjianError: it is neither SQLite nor PostgreSQL; no other kind can be backed up.
    """
    name = url.get_backend_name()
    if name == "sqlite":
        return "sqlite"
    if name == "postgresql":
        return "postgresql"
    raise WangjianError(
        f"{name} cannot be backed up here: only SQLite and PostgreSQL can",
        fix="use the tools of that database",
    )


def _url() -> URL:
    # Imported here: the import takes seconds, and most backups do not copy the database.
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
        # The copy must be a single file: a backup that left its write-ahead log behind would miss the last changes.
        other.execute("pragma journal_mode = delete")
    _sync(target)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _run(url: URL, program: str, *arguments: str) -> None:
    if shutil.which(program) is None:
        raise WangjianError(f"{program} is not installed", fix="install the client programs of PostgreSQL")
    secret = {"PGPASSWORD": url.password} if url.password else {}
    # The linter warns of arguments from outside; these come from the configuration and from this module.
    done = subprocess.run(  # noqa: S603
        [program, f"--dbname={_conninfo(url)}", *arguments],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        errors = done.stderr.strip().splitlines()
        raise WangjianError(
            f"{program} failed: {errors[0] if errors else done.returncode}",
            database=url.database,
            host=url.host,
            fix="check that the server runs and that the program is not older than the server",
        )


def _conninfo(url: URL) -> str:
    given = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in given.items() if value)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
