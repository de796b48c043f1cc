"""Export published tables as Parquet or CSV, with a descriptor (`wangjian export`)."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import duckdb

from wangjian.core.errors import BadArguments
from wangjian.core.files import sha256_of, write_atomically, written_atomically
from wangjian.core.paths import DataRoot
from wangjian.core.spreadsheets import FORMULA_STARTS
from wangjian.publishing.reading import quoted
from wangjian.serving.exports.descriptor import FILE_NAME, ExportedTable, Labels, describe, headers, sources_of
from wangjian.serving.exports.tables import (
    PublishedTable,
    chosen_tables,
    open_for_export,
    publication_of,
    published_tables,
)
from wangjian.state.audit_log import Access, record_access

Kind = Literal["csv", "parquet"]


def export_tables(
    data: DataRoot, names: Sequence[str], folder: Path, kind: Kind, labels: Labels = "none"
) -> list[Path]:
    """Write published tables to files, and their description to `datapackage.json`.

    Args:
        data: the data root.
        names: names of tables, with or without their schema; a schema alone means all of its tables.
        folder: the folder for the files.
        kind: parquet, or csv (UTF-8 with BOM, which spreadsheets expect; no text in it runs as a formula).
        labels: the header of a CSV file: labels in one of the languages, or the columns' own names.

    Returns:
        The paths of the files, the descriptor last. The audit log has a record of each table.

    Raises:
        BadArguments: there is no such table; or labels are asked for in Parquet, whose columns keep their names.
        WangjianError: nothing is published yet.
    """
    if kind == "parquet" and labels != "none":
        raise BadArguments(
            "Parquet keeps the columns' names", labels=labels, fix=f"leave --labels out; {FILE_NAME} has the labels"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with open_for_export(data) as connection:
        publication = publication_of(connection)
        inputs = sources_of(connection.execute("select mart_name, source, dataset from audit.mart_input").fetchall())
        files = [
            _write(
                data, connection, table, folder, kind, labels, inputs.get(table.name, ()), publication.publication_id
            )
            for table in chosen_tables(published_tables(connection), names)
        ]
    descriptor = json.dumps(describe(publication, files, labels), ensure_ascii=False, indent=2)
    # last: a descriptor that is there describes files that are there
    write_atomically(folder / FILE_NAME, f"{descriptor}\n")
    return [*(folder / file.file_name for file in files), folder / FILE_NAME]


def _write(
    data: DataRoot,
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    folder: Path,
    kind: Kind,
    labels: Labels,
    sources: tuple[str, ...],
    publication_id: str,
) -> ExportedTable:
    path = folder / f"{table.full_name}.{kind}"
    with written_atomically(path) as temporary:
        row_count = (_write_csv if kind == "csv" else _write_parquet)(connection, table, temporary, labels)
        written = ExportedTable(
            table, path.name, kind, sha256_of(temporary), temporary.stat().st_size, row_count, sources
        )
        # record before the file is in place: a crash between the two leaves a record without a file, never the reverse
        access = Access(
            action="EXPORTED",
            table_name=table.full_name,
            selection={"publication_id": publication_id},
            row_count=row_count,
            file_name=path.name,
            sha256=written.sha256,
        )
        record_access(data, access)
    return written


def _write_parquet(connection: duckdb.DuckDBPyConnection, table: PublishedTable, path: Path, _: Labels) -> int:
    return _copy(connection, f"select * from {table.quoted}", path, "format parquet, compression zstd")


def _write_csv(connection: duckdb.DuckDBPyConnection, table: PublishedTable, path: Path, labels: Labels) -> int:
    """Write a table as CSV and return the number of rows.

    The header is written here, because DuckDB writes no BOM; the rows by DuckDB, which streams them.
    """
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(headers(table, labels))
    body = path.with_name(f"{path.name}.rows.tmp")
    cells = ", ".join(_cell(column.name, column.data_type) for column in table.columns)
    try:
        count = _copy(connection, f"select {cells} from {table.quoted}", body, "format csv, header false")
        with path.open("wb") as target, body.open("rb") as rows:
            target.write(buffer.getvalue().encode("utf-8-sig"))
            # in pieces: the largest table need not fit into memory
            shutil.copyfileobj(rows, target, 1 << 20)
    finally:
        body.unlink(missing_ok=True)
    return count


def _cell(name: str, data_type: str) -> str:
    """Return the SQL expression of a CSV cell: ISO times, and texts that no spreadsheet runs as a formula.

    The rule for texts is that of `spreadsheets.harmless`, in SQL so that DuckDB can stream the rows.
    """
    match data_type:
        case "VARCHAR":
            starts = ", ".join(f"chr({ord(sign)})" for sign in FORMULA_STARTS)
            text = rf"""regexp_replace("{name}", '[\x00-\x08\x0B\x0C\x0E-\x1F]', '', 'g')"""
            return f"""case when left({text}, 1) in ({starts}) then '''' || {text} else {text} end"""
        case "TIMESTAMP":
            return f"""strftime("{name}", '%Y-%m-%dT%H:%M:%S')"""
        case "TIMESTAMP WITH TIME ZONE":
            return f"""strftime("{name}", '%Y-%m-%dT%H:%M:%SZ')"""
        case _:
            return f'"{name}"'


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> int:
    done = connection.execute(f"copy ({query}) to '{quoted(path)}' ({options})").fetchone()
    return int(done[0]) if done else 0
