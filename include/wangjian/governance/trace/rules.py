"""Where the rows of each mart come from: `meta.trace` in the mart's own YAML, and its key from the test of its grain."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from wangjian.core.errors import BadArguments
from wangjian.core.paths import DBT_PROJECT
from wangjian.warehouse.grain import key_of

MARTS = DBT_PROJECT / "models" / "marts"


class Origin(BaseModel):
    """One kind of rows that a mart's row comes from: those of a dataset, of another mart, or files that hold no rows.

    Attributes:
        dataset: `source.dataset`; its rows as they were parsed, every column text, with their lineage columns.
        table: another mart; its rows are traced in their turn.
        files: a role; such files of the ledger.
        where: SQL between `traced`, the row that is looked for, and `origin`. The functions of `macros/dialect/casts.sql` are there.
        beside: other marts that `where` speaks of, by their names.
        speaks: SQL; which of the rows may be the one whose values the table shows. The latest of them is. All if null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str | None = None
    table: str | None = None
    files: str | None = None
    where: str
    beside: tuple[str, ...] = ()
    speaks: str | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Origin:
        if sum(kind is not None for kind in (self.dataset, self.table, self.files)) != 1:
            raise ValueError("name one of dataset, table and files")
        return self


class Rule(BaseModel):
    """How a mart is traced.

    Attributes:
        key: the columns that name a row.
        origins: empty where it comes from reviewed seeds alone.
        seeds: that it is made from, or that take part in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    key: tuple[str, ...]
    origins: tuple[Origin, ...] = ()
    seeds: tuple[str, ...] = ()


@cache
def load_rules(folder: Path = MARTS) -> dict[str, Rule]:
    """Read the rules of all marts.

    Args:
        folder: the YAML files, one a mart.

    Returns:
        The rules by mart, in alphabetical order.

    Raises:
        BadArguments: a rule does not keep to the schema.
    """
    return {path.stem: _rule(path) for path in sorted(folder.glob("[!_]*.yml"))}


def _rule(path: Path) -> Rule:
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    try:
        return Rule(table=model["name"], key=key_of(model["name"]), **model["config"]["meta"]["trace"])
    except (KeyError, TypeError, ValidationError) as error:
        raise BadArguments(f"no rule to trace it by: {error!r}", file=path, fix="write `meta.trace`") from error


def rule_of(table: str) -> Rule:
    """The rule of one mart.

    Args:
        table: its name, with or without the schema.

    Raises:
        BadArguments: there is no such mart.
    """
    rules, name = load_rules(), table.removeprefix("marts.")
    if name not in rules:
        raise BadArguments(
            "no such table to trace; reports and audit tables are sums over marts, or name their files themselves",
            table=table,
            fix=f"choose from {', '.join(rules)}",
        )
    return rules[name]
