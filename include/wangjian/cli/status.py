"""`wangjian status`."""

from __future__ import annotations

from typing import Any

import click

from wangjian.cli.common import echo, json_option, say
from wangjian.core.paths import data_root


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show what readers see, and how the last runs ended."""
    from wangjian import publishing
    from wangjian.state import now, runs

    data = data_root()
    current = publishing.current(data)
    # a later run of the same step and source replaces the earlier one in the dictionary
    last = {f"{run.step} {run.source or ''}".strip(): run for run in runs(data)}
    if as_json:
        shown: dict[str, Any] = {"data root": data.root, "publication": current and current.model_dump(mode="json")}
        say(shown | {"last": {name: run.model_dump(mode="json") for name, run in last.items()}}, as_json=True)
        return
    echo(f"数据 data root   {data.root}")
    hours = (now() - current.published_at).total_seconds() / 3600 if current else 0
    as_of = f"{current.publication_id}, as of {current.as_of}, {hours:.0f} h old" if current else "none"
    echo(f"发布 published   {as_of}")
    echo(f"暂缓 held back   {(current and current.held) or '无 nothing'}")
    for name, run in last.items():
        seconds = f"{(run.ended_at - run.started_at).total_seconds():6.1f} s" if run.ended_at else " " * 8
        echo(f"{name:24} {run.started_at:%Y-%m-%d %H:%M} {seconds} {run.outcome:11} {run.message or ''}")
