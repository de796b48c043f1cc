"""Read the Chinese and English names of published tables and columns from one reviewed file (`dbt_project/labels.yml`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wangjian.core.documents import read_document
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DBT_PROJECT
from wangjian.ingestion.sources.contract import source_names
from wangjian.ingestion.sources.registry import load_registry

LABELS = DBT_PROJECT / "labels.yml"

Level = Literal["PUBLIC", "INTERNAL", "SENSITIVE"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The levels of data by the harm of a disclosure, the least harm first (GB/T 43697: 数据分级)."""

# `|` separates the two languages in a comment, so no name may contain it
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^|]*$")]


class Label(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    zh: Text
    en: Text

    @property
    def comment(self) -> str:
        return f"{self.zh} | {self.en}"


class ColumnLabel(Label):
    """A column's name, and the level of its data."""

    level: Level


class TableLabel(Label):
    """A table's name, and the labels of columns that mean something else there than in other tables."""

    columns: dict[str, ColumnLabel] = Field(default_factory=dict)


class Labels(BaseModel):
    """All labels. A column has the same label in all tables; a table overrides it where it must.

    Attributes:
        codes: the names of coded values, by the kind of code. The contracts name the sources.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, ColumnLabel]
    tables: dict[str, TableLabel] = Field(default_factory=dict)
    codes: dict[str, dict[str, Label]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_level_has_a_name(self) -> Self:
        unnamed = {*LEVELS} - self.codes.get("level", {}).keys()
        if unnamed:
            raise ValueError(f"codes.level: {', '.join(sorted(unnamed))} must have a name")
        return self

    def of_table(self, table: str) -> str | None:
        """Return the comment of a table; null where it has no label."""
        label = self.tables.get(table)
        return label.comment if label else None

    def of_column(self, table: str, column: str) -> str | None:
        """Return the comment of a table's column; null where it has no label."""
        label = self.label_of_column(table, column)
        return label.comment if label else None

    def described(self, table: str, column: str) -> str | None:
        """Return the comment of a table's column with its level in both languages; null where it has no label."""
        label = self.label_of_column(table, column)
        return self.marked(label.comment, label.level) if label else None

    def marked(self, text: str, level: Level) -> str:
        """Return a text about a column with the level of its data."""
        name = self.level_name(level)
        return f"{text} [{name.zh} {name.en}]"

    def level_name(self, level: Level) -> Label:
        """Return the name of a level."""
        return self.codes["level"][level]

    def label_of_column(self, table: str, column: str) -> ColumnLabel | None:
        """Return the label of a table's column; null where it has none."""
        own = self.tables[table].columns.get(column) if table in self.tables else None
        return own or self.columns.get(column)

    def require(self, tables: Mapping[str, Iterable[str]]) -> None:
        """Check that every table and column has a label.

        Args:
            tables: the columns by table name (without schema).

        Raises:
            BadArguments: labels are missing; the message names all of them.
        """
        missing = [f"tables.{table}" for table in tables if self.of_table(table) is None]
        unlabelled = {
            name for table, columns in tables.items() for name in columns if self.of_column(table, name) is None
        }
        missing += [f"columns.{column}" for column in sorted(unlabelled)]
        if missing:
            raise BadArguments(
                f"{len(missing)} label(s) are missing: {', '.join(missing)}",
                file=LABELS,
                fix="add zh and en for each, and the level of a column",
            )


def load_labels(path: Path = LABELS) -> Labels:
    """Return the labels of a file.

    Args:
        path: the YAML file.

    Raises:
        BadArguments: there is no such file, or it breaks the schema; the message names all faults.
    """
    labels = read_document(path, Labels, "the labels", "write the labels", _describe)
    return labels.model_copy(update={"codes": labels.codes | {"source": _sources()}})


def _sources() -> dict[str, Label]:
    names = {source: source_names(source) for source in load_registry()}
    return {source: Label(zh=chinese, en=english) for source, (chinese, english) in names.items()}


def _describe(fault: Any) -> str:
    place = ".".join(map(str, fault["loc"]))
    if fault["loc"][-1] == "level":
        problem = "has no level" if fault["type"] == "missing" else f"there is no level {fault['input']!r}"
        return f"{place.removesuffix('.level')}: {problem}; give PUBLIC 公开, INTERNAL 内部 or SENSITIVE 敏感"
    return f"{place}: {fault['msg']}"
