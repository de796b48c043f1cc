"""Return the fields that a landed file has by its contract or layout, and detect unknown columns that look personal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wangjian.ingestion.parsing.records import Field, match_header
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout

PERSONAL_HEADERS = ("举报人", "身份证", "证件号", "reporter", "id_card", "id_no")
"""Parts of names of personal columns. The ledger names such an unknown column, but its values stay in landing."""


def contract_fields(dataset: Dataset) -> list[Field]:
    """Return the fields of a file that follows the contract."""
    return [Field(column.name, (column.header,), column.required) for column in dataset.columns]


def layout_fields(layout: FileLayout, dataset: Dataset) -> list[Field]:
    """Return the fields of a file that follows a provider's layout."""
    required = {column.name for column in dataset.columns if column.required}
    return [
        Field(column.field, column.headers, column.field in required, column.scale, column.values, column.hyperlink)
        for column in layout.columns
    ]


def date_fields(dataset: Dataset) -> frozenset[str]:
    """Return the names of the columns with dates or times."""
    return frozenset(column.name for column in dataset.columns if column.data_type in ("date", "timestamp"))


def is_personal(header: str) -> bool:
    """Return whether the name of an unknown column looks personal."""
    return any(word in header.lower() for word in PERSONAL_HEADERS)


def erased_columns(header: Sequence[str], fields: Sequence[Field], names: Collection[str]) -> set[int]:
    """Return which columns of a file are erased: those of these names, and unknown ones that look personal.

    Args:
        header: the file's header row.
        fields: the columns, with the headers that they may bear.
        names: the warehouse's names of the columns to erase.

    Returns:
        Their positions, from 0.
    """
    known, unknown = match_header(header, fields)
    chosen = {index for index, field in known.items() if field.name in names}
    return chosen | {index for index, name in unknown.items() if is_personal(name)}
