"""Read the reviewed expectations: one YAML file for each checked table (`expectations/<schema>.<table>.yml`)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wangjian.core.documents import read_document
from wangjian.core.errors import BadArguments
from wangjian.core.paths import EXPECTATIONS
from wangjian.ingestion.sources.registry import load_registry

# The report shows examples of unexpected values, and more people may read the report than the data.
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
        rule: the rule's identifier: unique over all suites, and never used again for another rule.
        title_zh: the Chinese title.
        expectation: the name of the expectation in Great Expectations (`expect_column_values_to_be_in_set`), or
            `unexpected_rows_expectation` for a query that returns the rows that break the rule.
        kwargs: its arguments; `{batch}` in a query stands for the table.
        severity: `critical` stops the publication, `warning` does not.
        why: the reason for the rule (law, document, contract), and the meaning of a failure.
        source: source code, if the rule concerns one source.
        provider: provider code, if the rule concerns one provider.
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
        """Return the columns that the rule names in its arguments. Those of a query are not known."""
        named = [self.kwargs.get(key) for key in ("column", "column_A", "column_B")]
        return tuple(name for name in named if name)

    @model_validator(mode="after")
    def _shows_nobody(self) -> Check:
        personal = PERSONAL_COLUMNS.intersection(self.columns)
        if personal:
            raise ValueError(
                f"examples of {sorted(personal)} would appear in the report: use unexpected_rows_expectation"
            )
        return self


class Suite(BaseModel):
    """The rules about one table.

    Attributes:
        table: the table with its schema.
        title_zh, title_en: the titles of the table in the report.
        key: the columns that identify a row in the report, if it breaks a rule; none is personal.
        checks: the rules.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z][a-z0-9_]*$")]
    title_zh: Text
    title_en: Text
    key: tuple[str, ...] = ()
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]


def load_suites(folder: Path = EXPECTATIONS) -> tuple[Suite, ...]:
    """Return all suites.

    Args:
        folder: the folder of the YAML files.

    Returns:
        The suites in the order of their tables.

    Raises:
        BadArguments: a file breaks the schema or has another name than its table, a rule identifier occurs twice, or there is no file.
            The message lists all faults of a file.
    """
    suites = tuple(_load(path) for path in sorted(folder.glob("*.yml")))
    # A wrong folder must not look like a build without faults.
    if not suites:
        raise BadArguments(
            "there are no expectations, and a gate without rules would let everything pass",
            folder=folder,
            fix="give the folder with the YAML files of the expectations",
        )
    counts = Counter(check.rule for suite in suites for check in suite.checks)
    repeated = sorted(rule for rule, count in counts.items() if count > 1)
    if repeated:
        raise BadArguments(
            "a rule identifier occurs twice", rules=", ".join(repeated), folder=folder, fix="rename one of the rules"
        )
    return suites


def _load(path: Path) -> Suite:
    suite = read_document(path, Suite, "the expectations", "see docs/decisions/gx-on-duckdb.md")
    if path.stem != suite.table:
        raise BadArguments("the file is not named after its table", file=path, table=suite.table, fix="rename the file")
    return suite
