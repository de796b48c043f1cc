"""Describe exported files in a Frictionless Data Package, `datapackage.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wangjian.serving.exports.tables import PublishedColumn, PublishedTable
from wangjian.state import Publication

Labels = Literal["zh", "en", "none"]
FILE_NAME = "datapackage.json"

_TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "DOUBLE": "number",
    "FLOAT": "number",
}
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


@dataclass(frozen=True)
class ExportedTable:
    """One file that the export wrote.

    Attributes:
        sources: the `source/dataset` names that the table is made from; empty if none is known.
    """

    table: PublishedTable
    file_name: str
    kind: Literal["csv", "parquet"]
    sha256: str
    byte_size: int
    row_count: int
    sources: tuple[str, ...]


def headers(table: PublishedTable, labels: Labels) -> tuple[str, ...]:
    """Return the column names in the file's header.

    Labels are not unique, and a header must be: if two columns have the same label, the column's own name follows it.
    """
    wanted = [column.name if labels == "none" else getattr(column, labels) or column.name for column in table.columns]
    times = Counter(wanted)
    return tuple(
        name if times[name] == 1 else f"{name} {column.name}"
        for name, column in zip(wanted, table.columns, strict=True)
    )


def describe(publication: Publication, files: Iterable[ExportedTable], labels: Labels) -> dict[str, Any]:
    """Return the descriptor of an export.

    Args:
        publication: the exported publication.
        files: the written files.
        labels: the language of the CSV headers, or `none` for the columns' own names.

    Returns:
        The descriptor, as the Data Package standard defines it.
    """
    written = list(files)
    return {
        "profile": "data-package",
        "name": f"wangjian-{publication.publication_id}",
        "id": publication.publication_id,
        "title": f"网监数仓 {publication.as_of} Wangjian",
        "description": f"数据截至 {publication.as_of}，发布批次 {publication.publication_id}。 As of {publication.as_of}, "
        f"publication {publication.publication_id}.",
        "version": publication.publication_id,
        "created": publication.published_at.isoformat(),
        "sources": [{"title": name} for name in sorted({name for file in written for name in file.sources})],
        "resources": [_resource(file, labels) for file in written],
    }


def _resource(file: ExportedTable, labels: Labels) -> dict[str, Any]:
    zh, _, en = file.table.comment.partition(" | ")
    # Parquet keeps the columns' names, which programs read; CSV headers are for people
    names = headers(file.table, labels if file.kind == "csv" else "none")
    called = dict(zip((column.name for column in file.table.columns), names, strict=True))
    schema: dict[str, Any] = {"fields": [_field(column, called[column.name]) for column in file.table.columns]}
    if file.table.key:
        schema["primaryKey"] = [called[name] for name in file.table.key]
    described = {
        "name": file.file_name.rsplit(".", 1)[0].replace(".", "-"),
        "profile": "data-resource",
        "path": file.file_name,
        "title": zh,
        "description": en,
        "format": file.kind,
        "mediatype": _MEDIA[file.kind],
        "hash": f"sha256:{file.sha256}",
        "bytes": file.byte_size,
        "rows": file.row_count,
        "fields": len(file.table.columns),
        "sources": [{"title": name} for name in file.sources],
        "schema": schema,
    }
    if file.kind == "csv":
        # with a BOM: without it, Excel reads the Chinese text in the system's old encoding
        described |= {"profile": "tabular-data-resource", "encoding": "utf-8-sig"}
    return described


def _field(column: PublishedColumn, name: str) -> dict[str, Any]:
    kind = _TYPES.get(column.data_type) or ("number" if column.data_type.startswith("DECIMAL") else "integer")
    field = {"name": name, "type": kind, "title": column.zh, "description": column.en}
    # a program that reads a labelled CSV finds the warehouse's name here
    return field if name == column.name else {**field, "column": column.name}


def sources_of(rows: Sequence[tuple[str, str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the `source/dataset` names that each mart needs, from rows of `audit.mart_input`."""
    inputs: dict[str, list[str]] = {}
    for mart, source, dataset in rows:
        inputs.setdefault(mart, []).append(f"{source}/{dataset}")
    return {mart: tuple(sorted(names)) for mart, names in inputs.items()}
