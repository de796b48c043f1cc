"""Search all files of a folder for texts, compressed files and databases included."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb


def found_in(root: Path, needles: Iterable[str], *, but: Path | None = None) -> list[str]:
    """Return where some texts occur in a folder: in files, in compressed files or in databases.

    Args:
        root: the folder.
        needles: the texts.
        but: a subfolder that is not searched.

    Returns:
        `file: text` for each occurrence, sorted.
    """
    wanted = [(needle, needle.encode()) for needle in needles]
    hits = set()
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.is_symlink() or (but and path.is_relative_to(but)):
            continue
        for content in _contents(path):
            hits |= {f"{path.relative_to(root)}: {needle}" for needle, sought in wanted if sought in content}
    return sorted(hits)


def _contents(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    yield content
    if path.suffix == ".gz":
        yield gzip.decompress(content)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(name) for name in packed.namelist())
    elif path.suffix == ".parquet":
        with duckdb.connect() as connection:
            yield str(connection.execute("select * from read_parquet(?)", [str(path)]).fetchall()).encode()
    elif path.suffix == ".duckdb":
        yield from _tables(path)


def _tables(path: Path) -> Iterator[bytes]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        ).fetchall()
        for schema, name in names:
            yield str(connection.execute(f'from "{schema}"."{name}"').fetchall()).encode()
