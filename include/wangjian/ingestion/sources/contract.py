"""The contracts of the sources: which columns each dataset has, of which type, and what happens when they are broken.

A contract is written once, as the dbt source it becomes (`dbt_project/models/staging/<source>/_<source>__sources.yml`):
parsing reads it here, staging SQL reads it through dbt's graph.
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
"""Between the values of a key that is told as one text."""

ColumnType = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "json"]


class Column(BaseModel):
    """One column of a dataset.

    Attributes:
        name: the warehouse's name for it.
        header: the name in the source's file; for JSON the field's name.
        required: a row without it goes to quarantine; a file without the column is rejected.
        personal: a person may stand here; quarantine shows the first sign only.
        happened: tells when something took place: neither before 2000 nor later than a day after the business date.
        minimum: a smaller number is an error.
        refers: the kind of code; one that its reference does not know becomes an inferred member of the dimension.
        on_parse: `keyed_hash` replaces the value by an HMAC before it is written anywhere but landing; `drop` removes it.
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
        key: the columns that name a row.
        on_critical: what an export that fails as a whole does to the later ones: they wait (`hold`), or not (`skip`).
        least_rows: a full export with fewer rows fails: nothing is left of what was there.
        least_share: of the rows of the fullest of the three full exports before; a full export below it fails.
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
        """SQL for the key of a row of raw as one text."""
        return f"concat_ws('{KEY_SEPARATOR}', {', '.join(self.key)})"


def contract_file(source: str) -> Path:
    """The YAML file that holds the contract of a source."""
    return DBT_PROJECT / "models" / "staging" / source / f"_{source}__sources.yml"


@cache
def load_contract(source: str) -> dict[str, Dataset]:
    """Read a source's contract.

    Args:
        source: the source's code.

    Returns:
        Its datasets by name, in the order of the file.

    Raises:
        BadArguments: there is no contract for that source.
    """
    return {table["name"]: _dataset(source, table) for table in _document(source)["tables"]}


def is_daily(source: str) -> bool:
    """Return whether a source sends an export for each business date, as its contract says.

    The newest such date is the one that a publication speaks of. Sources that deliver by month must not move it.

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
        raise BadArguments(f"no contract for source {source}", file=path, fix="write the dbt source YAML")
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"][0]
    return document


def _dataset(source: str, table: dict[str, Any]) -> Dataset:
    meta = table["config"]["meta"]
    columns = tuple(_column(column) for column in table["columns"])
    return Dataset(source=source, name=table["name"], columns=columns, **meta)


def _column(column: dict[str, Any]) -> Column:
    meta = {"header": column["name"], **column["config"]["meta"]}
    return Column(name=column["name"], data_type=column["data_type"], **meta)
