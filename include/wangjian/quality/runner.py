"""Run suites on a DuckDB file with Great Expectations, and translate its outcomes into the project's check results."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from wangjian.core.errors import BadArguments
from wangjian.core.masking import masked
from wangjian.quality.gx import EXAMPLES, great_expectations, rows_expectation
from wangjian.quality.suites import Check, Suite
from wangjian.state import Build, CheckResult

Progress = Callable[[str, int, int | None], None]

_log = logging.getLogger(__name__)
# The arguments that select the data and do not say what is expected of it.
_NOT_EXPECTED = ("column", "column_A", "column_B", "unexpected_rows_query", "ignore_row_if")


class GxRunner:
    """Run Great Expectations on one DuckDB file, opened read-only.

    Args:
        warehouse: the file.
        run_id: the run that the results belong to.
        build: the build in the file.

    Attributes:
        context: the context of Great Expectations, which holds the validations for the report.
    """

    def __init__(self, warehouse: Path, run_id: str, build: Build) -> None:
        self._gx = great_expectations()
        self._run_id = run_id
        self._build = build
        # In memory: Great Expectations would otherwise keep a project folder with a configuration of its own.
        self.context = self._gx.get_context(mode="ephemeral")
        # Progress bars would fill the log of a task.
        self.context.variables.progress_bars = _no_progress_bars()
        self._source = self.context.data_sources.add_sql(
            "warehouse",
            connection_string=f"duckdb:///{warehouse}",
            kwargs={"connect_args": {"read_only": True}},
        )

    def run(self, suites: Iterable[Suite], progress: Progress | None = None) -> Iterator[CheckResult]:
        """Run suites, one validation for each table.

        Args:
            suites: the suites.
            progress: called after each table with its name, its number and the number of tables.

        Yields:
            One result for each check, in the order of the suites.

        Raises:
            BadArguments: an expectation does not exist or does not accept its arguments; nothing was run.
        """
        # All expectations are made before the first runs: a typo in the last file must not cost a whole run.
        prepared = [(suite, [_expectation(suite, check) for check in suite.checks]) for suite in suites]
        for done, (suite, expectations) in enumerate(prepared, start=1):
            outcomes = self._outcomes(suite, expectations)
            yield from (self._result(suite, check, outcomes.get(check.rule, {})) for check in suite.checks)
            if progress:
                progress(f"check {suite.table}", done, len(prepared))

    def _outcomes(self, suite: Suite, expectations: list[Any]) -> dict[str, dict[str, Any]]:
        """Return the outcomes of one table by rule. An error becomes the outcome of every check of the table."""
        gx = self._gx
        try:
            # A query, not a table: GX reads the columns of a table asset, which duckdb-engine 0.17 cannot do
            # with SQLAlchemy >= 2.0.45 (https://github.com/Mause/duckdb_engine/issues/1379).
            asset = self._source.add_query_asset(suite.table, f"select * from {suite.table}")
            batch = asset.add_batch_definition_whole_table("all rows")
            name = f"{suite.table} {suite.title_zh}"
            gx_suite = self.context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
            validation = gx.ValidationDefinition(name=name, data=batch, suite=gx_suite)
            result = self.context.validation_definitions.add(validation).run(result_format=_result_format(suite))
        # Any error: it must neither count as a success nor stop the checks of the other tables.
        except Exception as error:
            _log.warning("the checks of %s could not run", suite.table, exc_info=error)
            return {check.rule: {"error": f"{type(error).__name__}: {error}"} for check in suite.checks}
        return {item.expectation_config.meta["rule"]: _outcome(item) for item in result.results}

    def _result(self, suite: Suite, check: Check, outcome: dict[str, Any]) -> CheckResult:
        error = outcome.get("error") or (None if outcome else "the check gave no result")
        passed = bool(outcome.get("success")) and error is None
        observed = f"error: {error}" if error else outcome["observed"]
        return CheckResult(
            run_id=self._run_id,
            build_id=self._build.build_id,
            check_kind="gx",
            table_name=suite.table,
            column_name=", ".join(check.columns) or None,
            rule=check.rule,
            # A check that could not run proves nothing, so it stops the publication whatever its severity.
            severity="critical" if error else check.severity,
            passed=passed,
            observed=observed,
            expected=_expected(check),
            failing_rows=None if error else outcome["failing_rows"],
            source=check.source,
            provider=check.provider,
            message=f"{check.title_zh} {check.why}",
        )

    def close(self) -> None:
        """Close the file. Until then no other process can write to it."""
        # GX keeps two engines with connections of their own, and both hold the file.
        engine = self._source.get_execution_engine()
        with engine.get_connection() as connection:
            connection.close()
        engine.engine.dispose()
        self._source.get_engine().dispose()


@contextmanager
def gx_runner(warehouse: Path, run_id: str, build: Build) -> Iterator[GxRunner]:
    """Yield a runner, and close the file when the block ends.

    Args:
        warehouse: the file.
        run_id: the run that the results belong to.
        build: the build in the file.
    """
    with closing(GxRunner(warehouse, run_id, build)) as runner:
        yield runner


def _no_progress_bars() -> Any:
    types = importlib.import_module("great_expectations.data_context.types.base")
    return types.ProgressBarsConfig(globally=False, metric_calculations=False)


def _result_format(suite: Suite) -> dict[str, Any]:
    wanted: dict[str, Any] = {"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}
    return wanted | ({"unexpected_index_column_names": list(suite.key)} if suite.key else {})


def _expectation(suite: Suite, check: Check) -> Any:
    name = "".join(word.capitalize() for word in check.expectation.split("_"))
    try:
        kind = rows_expectation() if _is_query(check) else getattr(great_expectations().expectations, name)
        notes = f"{check.rule} ({check.severity}): {check.why}"
        meta = {"rule": check.rule}
        return kind(**check.kwargs, meta=meta, notes=notes, severity=check.severity, description=check.title_zh)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadArguments(
            f"the expectation does not exist or does not accept its arguments: {error}",
            table=suite.table,
            rule=check.rule,
            fix=f"correct the rule in expectations/{suite.table}.yml",
        ) from error


def _is_query(check: Check) -> bool:
    return check.expectation == "unexpected_rows_expectation"


def _outcome(item: Any) -> dict[str, Any]:
    failing = _failing_rows(item)
    return {
        "success": item.success,
        "error": _error(item.exception_info),
        "failing_rows": failing,
        "observed": _observed(item.result, failing),
    }


def _failing_rows(item: Any) -> int | None:
    has_rows = "unexpected_rows" in (item.result.get("details") or {})
    count: int | None = item.result.get("observed_value" if has_rows else "unexpected_count")
    return count


def _error(exception_info: dict[str, Any]) -> str | None:
    """Return the first line of an exception; null if there was none."""
    # GX returns one record, or one for each metric.
    records = [exception_info, *(value for value in exception_info.values() if isinstance(value, dict))]
    messages = [record.get("exception_message") for record in records if record.get("raised_exception")]
    return str(messages[0]).strip().splitlines()[0] if messages else None


def _observed(result: dict[str, Any], failing: int | None) -> str:
    examples = ", ".join(dict.fromkeys(_examples(result)))
    # The examples quote rows, and the results are published.
    shown = masked(f", e.g. {examples}") if failing and examples else ""
    if "element_count" not in result:
        unit = " rows" if failing is not None else ""
        return f"{result.get('observed_value')}{unit}{shown}"
    checked = result["element_count"] - (result.get("missing_count") or 0)
    share = f" ({failing / checked:.2%})" if failing and checked else ""
    return f"{failing} of {checked} rows{share}{shown}"


def _examples(result: dict[str, Any]) -> list[str]:
    """Return the rows that break a rule: their keys if the suite has a key, else their values, or the rows of the query."""
    rows = (result.get("details") or {}).get("unexpected_rows") or result.get("partial_unexpected_index_list")
    if rows:
        return [" ".join(f"{name}={value}" for name, value in row.items()) for row in rows[:EXAMPLES]]
    return [str(value) for value in result.get("partial_unexpected_list") or ()]


def _expected(check: Check) -> str:
    if _is_query(check):
        return "no rows"
    asked = {name: value for name, value in check.kwargs.items() if name not in _NOT_EXPECTED}
    words = check.expectation.removeprefix("expect_").replace("_", " ")
    return f"{words} {json.dumps(asked, ensure_ascii=False, default=str)}" if asked else words
