"""Turn the results of dbt's tests into check results: with table, column, and the source whose data was tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import CheckResult


def is_test(result: Mapping[str, Any]) -> bool:
    """Return whether a dbt result belongs to a test."""
    return str(result["unique_id"]).split(".")[0] in ("test", "unit_test")


def failed(results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the results of the failed nodes."""
    return [result for result in results if result["status"] in ("error", "fail", "runtime error")]


def node_name(result: Mapping[str, Any]) -> str:
    """Return the name of a result's node."""
    return str(result["unique_id"]).split(".")[2]


def dbt_check_results(
    run_id: str, results: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> list[CheckResult]:
    """Return the check results of dbt's tests.

    Args:
        run_id: the run.
        results: the results of all nodes.
        manifest: dbt's manifest of the same run.

    Returns:
        One check result per test. `source` is the one source of the tested table; null where it has several.
    """
    return [_check_result(run_id, result, manifest) for result in results if is_test(result)]


def _check_result(run_id: str, result: Mapping[str, Any], manifest: Mapping[str, Any]) -> CheckResult:
    test = manifest["nodes"].get(result["unique_id"], {})
    tested = _tested(test, manifest)
    return CheckResult(
        run_id=run_id,
        check_kind="dbt",
        table_name=f"{tested['schema']}.{tested['name']}" if tested else "",
        column_name=test.get("column_name"),
        rule=node_name(result),
        severity="warning" if result["status"] == "warn" else "critical",
        passed=result["status"] == "pass",
        observed=f"{result.get('failures') or 0} rows",
        expected="0 rows",
        failing_rows=result.get("failures") or 0,
        source=_one_source(tested, manifest),
        message=result.get("message") or test.get("description") or None,
    )


def _tested(test: Mapping[str, Any], manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the table to which a test is attached; of an unattached test the first table that it reads."""
    reads = test.get("depends_on", {}).get("nodes", [])
    name = test.get("attached_node") or next(iter(reads), None)
    tested: Mapping[str, Any] | None = manifest["nodes"].get(name)
    return tested


def _one_source(node: Mapping[str, Any] | None, manifest: Mapping[str, Any]) -> str | None:
    seen: set[str] = set()
    todo = [node["unique_id"]] if node else []
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += manifest["nodes"].get(name, {}).get("depends_on", {}).get("nodes", [])
    sources = {name.split(".")[2] for name in seen if name.startswith("source.")} & set(load_registry())
    return sources.pop() if len(sources) == 1 else None
