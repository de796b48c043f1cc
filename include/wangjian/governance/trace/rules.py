"""Read the rule by which each mart is traced: `meta.trace` in the mart's YAML, and the key from the test of its grain."""

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
        dataset: `source.dataset`: its rows as they were parsed, every column as text, with their lineage columns.
        table: another mart, whose rows are traced by their own rule.
        files: a role: the files of the ledger that have it.
        where: the SQL join condition between `traced`, the published row, and `origin`. It may use the functions of
            `macros/dialect/casts.sql`.
        beside: further marts that `where` refers to, by their names.
        speaks: the SQL condition for the rows whose values the table may show. It shows the latest of them. Null stands for all rows.
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
            raise ValueError("an origin needs exactly one of `dataset`, `table` and `files`")
        return self


class Rule(BaseModel):
    """The rule by which a mart is traced.

    Attributes:
        key: the columns that identify a row.
        origins: the kinds of rows that it comes from; empty if it comes from reviewed seeds alone.
        seeds: the reviewed seeds that it is built from or joins.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    key: tuple[str, ...]
    origins: tuple[Origin, ...] = ()
    seeds: tuple[str, ...] = ()


@cache
def load_rules(folder: Path = MARTS) -> dict[str, Rule]:
    """Return the rules of all marts.

    Args:
        folder: the folder of the YAML files, one for each mart.

    Returns:
        The rules by mart, in alphabetical order.

    Raises:
        BadArguments: a rule breaks the schema.
    """
    return {path.stem: _rule(path) for path in sorted(folder.glob("[!_]*.yml"))}


def _rule(path: Path) -> Rule:
    # The test of the grain knows the key already; a copy of it in the rule could differ.
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    try:
        return Rule(table=model["name"], key=key_of(model["name"]), **model["config"]["meta"]["trace"])
    except (KeyError, TypeError, ValidationError) as error:
        raise BadArguments(
            f"the mart has no valid trace rule: {error!r}", file=path, fix="write `meta.trace`"
        ) from error


def rule_of(table: str) -> Rule:
    """Return the rule of one mart.

    Args:
        table: its name, with or without the schema.

    Returns:
        The rule.

    Raises:
        BadArguments: there is no such mart.
    """
    rules, name = load_rules(), table.removeprefix("marts.")
    if name not in rules:
        raise BadArguments(
            "only marts can be traced: reports are sums over marts, and audit tables name their files themselves",
            table=table,
            fix=f"choose from {', '.join(rules)}",
        )
    return rules[name]
