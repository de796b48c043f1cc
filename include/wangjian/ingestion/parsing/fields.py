"""Which columns a landed file has, by its contract or by its provider's layout, and which unknown ones look personal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wangjian.ingestion.parsing.records import Field, match_header
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout

PERSONAL_HEADERS = ("举报人", "身份证", "证件号", "reporter", "id_card", "id_no")
"""Unknown columns that bear such a name are named in the ledger, but their values stay in landing."""


def contract_fields(dataset: Dataset) -> list[Field]:
    """The fields of a file laid out as the contract says."""
    return [Field(column.name, (column.header,), column.required) for column in dataset.columns]


def layout_fields(layout: FileLayout, dataset: Dataset) -> list[Field]:
    """The fields of a file laid out as a provider does."""
    required = {column.name for column in dataset.columns if column.required}
    return [
        Field(column.field, column.headers, column.field in required, column.scale, column.values, column.hyperlink)
        for column in layout.columns
    ]


def date_fields(dataset: Dataset) -> frozenset[str]:
    """Names of the columns that hold dates or times."""
    return frozenset(column.name for column in dataset.columns if column.data_type in ("date", "timestamp"))


def is_personal(header: str) -> bool:
    """Whether an unknown column looks personal by its name."""
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
