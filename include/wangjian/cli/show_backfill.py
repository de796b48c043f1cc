"""Show the plan and the outcome of a backfill."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from wangjian.orchestration.backfill import BackfillReport, Plan

# a backfill may change thousands of KPIs: the terminal shows the first ones, --json all
SHOWN = 30


def show_plan(plan: Plan, *, as_json: bool) -> None:
    """Print what is landed and what the backfill would do."""
    request = plan.request
    if as_json:
        items = [dataclasses.asdict(item) for item in plan.datasets]
        result = {"request": request.model_dump(mode="json"), "datasets": items, "seconds": plan.seconds}
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    console = Console()
    console.print(
        f"补采 backfill {request.date_from} … {request.date_to}, {request.mode}: {request.reason}", highlight=False
    )
    table = _table("数据集 dataset", "已落地 landed", "缺失 missing", "首个缺失日 first missing", "待解析 to parse")
    for item in plan.datasets:
        first = str(item.missing[0]) if item.missing else ""
        table.add_row(
            f"{item.source}/{item.dataset}", *map(str, (item.landed, len(item.missing), first, item.unparsed))
        )
    console.print(table)
    seconds = "未知 unknown" if plan.seconds is None else f"{plan.seconds:.0f} s"
    console.print(f"预计用时 estimated {seconds}; 只构建一次 one build", highlight=False)


def show_change(report: BackfillReport, *, as_json: bool) -> None:
    """Print what the backfill changed for readers."""
    change = report.change
    if as_json:
        result: dict[str, Any] = {
            "before": change.before,
            "publication": report.publication_id,
            "failures": report.failures,
        }
        result |= {name: [dataclasses.asdict(item) for item in getattr(change, name)] for name in ("tables", "kpis")}
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    console = Console()
    console.print(f"与 {change.before or '空 nothing'} 相比 compared with what readers saw", highlight=False)
    table = _table("表 table", "月 month", "新增 added", "减少 removed", "改变 changed")
    for item in change.tables[:SHOWN]:
        table.add_row(item.table, item.month or "", *map(str, (item.added, item.removed, item.changed)))
    kpis = _table("指标 KPI", "之前 before", "之后 after")
    for kpi in change.kpis[:SHOWN]:
        kpis.add_row(" ".join(value for value in kpi.key.values() if value != "ALL"), str(kpi.before), str(kpi.after))
    for shown, changes in ((table, change.tables), (kpis, change.kpis)):
        console.print(shown if changes else "无变化 nothing changes", highlight=False)
        if len(changes) > SHOWN:
            console.print(f"… {len(changes) - SHOWN} more; --json shows all", highlight=False)
    waiting = "等待批准 waits for `wangjian publish --approve NAME`"
    console.print(f"发布 publication {report.publication_id or waiting}", highlight=False)


def _table(first: str, *others: str) -> Table:
    table = Table(first, box=None, pad_edge=False)
    for name in others:
        table.add_column(name, justify="right")
    return table
