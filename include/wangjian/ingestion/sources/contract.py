"""Read the contracts of the sources: the columns of each dataset, their types, and what happens to data that breaks them.

A contract is written once, as the YAML of the dbt source (`dbt_project/models/staging/<source>/_<source>__sources.yml`).
Parsing reads it with this module, staging SQL reads it through dbt's graph. So both always apply the same contract.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from wangjian.core.errors import BadArguments
from wangjian.core.paths import DBT_PROJECT

KEY_SEPARATOR = "|"
"""The separator between the values of a key that is written as one text."""

ColumnType = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "json"]


class Column(BaseModel):
    """One column of a dataset.

    Attributes:
        name: the column's name in the warehouse.
        header: the name in the source's file; for JSON the field's name.
        required: a row without a value goes to quarantine; a file without the column is rejected.
        personal: the value may name a person; quarantine shows its first character only.
        happened: the time of an event: a value before 2000 or later than one day after the business date is an error.
        minimum: a smaller number is an error.
        refers: the kind of code; a code that the reference table lacks becomes an inferred member of the dimension.
        on_parse: `keyed_hash` replaces the value by an HMAC before it is stored anywhere but in landing; `drop` removes it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    data_type: ColumnType
    zh: str
    header: str
    required: bool = False
    on_parse: Literal["keep", "keyed_hash", "drop"] = "keep"
    codes: tuple[str, ...] = ()
    alias_domain: str | None = None
    pattern: str | None = None
    personal: bool = False
    happened: bool = False
    minimum: int | None = None
    refers: Literal["platform", "organ", "region", "violation", "category"] | None = None


class Dataset(BaseModel):
    """One dataset of a source.

    Attributes:
        key: the columns that identify a row.
        on_critical: what happens to later exports when one fails as a whole: they wait (`hold`), or they load (`skip`).
        least_rows: a full export with fewer rows fails, since it would empty the table.
        least_share: a full export with fewer rows than this share of the largest of the three full exports before fails.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    name: str
    zh: str
    key: tuple[str, ...]
    mode: Literal["full", "delta", "append", "full_monthly", "full_monthly_else_delta"]
    amount_column: str | None = None
    on_critical: Literal["hold", "skip"]
    least_rows: int = 0
    least_share: float = 0
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def key_text(self) -> str:
        """Return an SQL expression of the key of a raw row as one text."""
        return f"concat_ws('{KEY_SEPARATOR}', {', '.join(self.key)})"


def contract_file(source: str) -> Path:
    """Return the path of the YAML file with a source's contract."""
    return DBT_PROJECT / "models" / "staging" / source / f"_{source}__sources.yml"


@cache
def load_contract(source: str) -> dict[str, Dataset]:
    """Return the datasets of a source's contract.

    Args:
        source: the source's code.

    Returns:
        The datasets by name, in the order of the file.

    Raises:
        BadArguments: there is no contract for that source.
    """
    return {table["name"]: _dataset(source, table) for table in _document(source)["tables"]}


def is_daily(source: str) -> bool:
    """Return whether a source sends an export for each business date, as its contract says.

    A publication bears the newest business date of the daily sources. Sources that deliver by month must not move it.

    Raises:
        BadArguments: there is no contract for that source.
    """
    return bool(_meta(source).get("is_daily", False))


def source_names(source: str) -> tuple[str, str]:
    """Return the Chinese and the English name of a source, as its contract says.

    Raises:
        BadArguments: there is no contract for that source, or it has no `source_zh` and `source_en`.
    """
    meta = _meta(source)
    try:
        return meta["source_zh"], meta["source_en"]
    except KeyError as error:
        raise BadArguments(
            f"the contract of {source} has no {error}", file=contract_file(source), fix="add it under config.meta"
        ) from None


def _meta(source: str) -> dict[str, Any]:
    meta: dict[str, Any] = _document(source).get("config", {}).get("meta", {})
    return meta


@cache
def _document(source: str) -> dict[str, Any]:
    path = contract_file(source)
    if not path.exists():
        raise BadArguments(f"there is no contract for source {source}", file=path, fix="write the dbt source YAML")
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"][0]
    return document


def _dataset(source: str, table: dict[str, Any]) -> Dataset:
    meta = table["config"]["meta"]
    columns = tuple(_column(column) for column in table["columns"])
    return Dataset(source=source, name=table["name"], columns=columns, **meta)


def _column(column: dict[str, Any]) -> Column:
    # a file whose header is the column's own name needs no `header` in the contract
    meta = {"header": column["name"], **column["config"]["meta"]}
    return Column(name=column["name"], data_type=column["data_type"], **meta)
