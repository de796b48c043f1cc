"""What dbt says of its tests, as check results: which table and column, and which source's data it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wangjian.ingestion.sources.registry import load_registry
from wangjian.state import CheckResult


def is_test(result: Mapping[str, Any]) -> bool:
    """Whether a result of dbt is of a test."""
    return str(result["unique_id"]).split(".")[0] in ("test", "unit_test")


def failed(results: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The results of nodes that did not end well."""
    return [result for result in results if result["status"] in ("error", "fail", "runtime error")]


def node_name(result: Mapping[str, Any]) -> str:
    """The name of the node that a result is of."""
    return str(result["unique_id"]).split(".")[2]


def dbt_check_results(
    run_id: str, results: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> list[CheckResult]:
    """Translate the results of dbt's tests.

    Args:
        run_id: the run.
        results: of all nodes.
        manifest: dbt's manifest of the same run.

    Returns:
        One result a test. `source` is that of the one source that the tested table is made from, null where there are several.
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
    """The table that a test hangs on, or the first that it reads."""
    reads = test.get("depends_on", {}).get("nodes", [])
    found = test.get("attached_node") or next(iter(reads), None)
    tested: Mapping[str, Any] | None = manifest["nodes"].get(found)
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
