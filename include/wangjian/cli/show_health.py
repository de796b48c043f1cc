"""Show the state of health."""

from __future__ import annotations

from wangjian.cli.common import echo
from wangjian.operations.health import Health, SourceHealth


def show_health(state: Health) -> None:
    """Print a line for what readers see, one for each source, and one for each problem."""
    age = (
        "" if state.publication_age_hours is None else f", as of {state.as_of}, {state.publication_age_hours:.0f} h old"
    )
    echo(f"发布 published   {state.publication_id or '无 nothing'}{age}")
    for source in state.sources:
        echo(_line(source))
        for problem in source.problems:
            echo(f"  ✘ {problem}")
    for problem in state.problems:
        echo(f"✘ {problem}")
    echo("正常 all is well" if state.is_well else "不正常 not well")


def _line(source: SourceHealth) -> str:
    age = "" if source.age_days is None else f"({source.age_days} 天前 days ago)"
    parts = [
        f"{'✘' if source.problems else '✔'} {source.source:12}",
        f"{source.last_business_date or '无 nothing'} {age}",
        source.last_outcome or "未运行 never run",
        f"隔离行 bad rows {source.open_quarantine}",
        "暂缓 held back" if source.held else "未暂缓 not held back",
    ]
    return "  ".join(parts)
