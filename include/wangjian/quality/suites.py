"""The reviewed expectations: one YAML file per checked table (`expectations/<schema>.<table>.yml`)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wangjian.core.documents import read_document
from wangjian.core.errors import BadArguments
from wangjian.core.paths import EXPECTATIONS
from wangjian.ingestion.sources.registry import load_registry

# examples of unexpected values stand in the report, which more people read than the data
PERSONAL_COLUMNS = frozenset(
    {"operator_name", "party_name", "address", "contact_phone", "id_no", "description", "content", "remark"}
)

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _known(code: str) -> str:
    if code not in load_registry():
        raise ValueError(f"no such source; known: {', '.join(load_registry())}")
    return code


class Check(BaseModel):
    """One rule about the data.

    Attributes:
        rule: the rule's id: unique over all suites, never used again for another rule.
        expectation: Great Expectations' name of the expectation (`expect_column_values_to_be_in_set`), or
            `unexpected_rows_expectation` for a query that finds the rows that break the rule.
        kwargs: its arguments; `{batch}` in a query stands for the table.
        severity: `critical` stops publication.
        why: what the rule rests on (law, document, contract), and what a failure means.
        source: source code, where the rule is about one source.
        provider: provider code, likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    title_zh: Text
    expectation: Annotated[str, StringConstraints(pattern=r"^(expect_[a-z_]+|unexpected_rows_expectation)$")]
    kwargs: dict[str, Any] = Field(default_factory=dict)
    severity: Literal["critical", "warning"]
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=15)]
    source: Annotated[str, AfterValidator(_known)] | None = None
    provider: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule names in its arguments (a query names its own)."""
        named = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        return tuple(name for name in named if name)

    @model_validator(mode="after")
    def _shows_nobody(self) -> Check:
        personal = PERSONAL_COLUMNS.intersection(self.columns)
        if personal:
            raise ValueError(
                f"examples of {sorted(personal)} would stand in the report: use unexpected_rows_expectation"
            )
        return self


class Suite(BaseModel):
    """The rules about one table.

    Attributes:
        key: the columns that name a row, shown with the rows that break a rule; none is personal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z][a-z0-9_]*$")]
    title_zh: Text
    title_en: Text
    key: tuple[str, ...] = ()
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]


def load_suites(folder: Path = EXPECTATIONS) -> tuple[Suite, ...]:
    """Read all suites.

    Args:
        folder: where the YAML files lie.

    Returns:
        The suites, by table.

    Raises:
        BadArguments: a file breaks the schema, has another name than its table, or a rule id occurs twice; all
            faults of a file are told at once.
    """
    suites = tuple(_load(path) for path in sorted(folder.glob("*.yml")))
    if not suites:
        raise BadArguments("there are no expectations", folder=folder, fix="a gate without rules lets everything pass")
    counts = Counter(check.rule for suite in suites for check in suite.checks)
    repeated = sorted(rule for rule, count in counts.items() if count > 1)
    if repeated:
        raise BadArguments("a rule id stands twice", rules=", ".join(repeated), folder=folder, fix="rename one of them")
    return suites


def _load(path: Path) -> Suite:
    suite = read_document(path, Suite, "the expectations", "see docs/decisions/gx-on-duckdb.md")
    if path.stem != suite.table:
        raise BadArguments("the file is not named after its table", file=path, table=suite.table, fix="rename the file")
    return suite
