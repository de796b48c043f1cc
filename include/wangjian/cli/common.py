"""What the commands share: types for days and months, output for people and machines, a progress bar."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from wangjian.core.printable import printable

DAY = click.DateTime(formats=["%Y-%m-%d"])
MONTH = click.DateTime(formats=["%Y-%m"])
# messages and progress go to stderr: stdout is the result, which scripts read with --json
console = Console(stderr=True)
json_option = click.option("--json", "as_json", is_flag=True, help="for machines")


def echo(line: object) -> None:
    """Print a line for a person, with control characters escaped: a name from a source must not control the terminal."""
    click.echo(printable(str(line)))


def warn(warnings: Iterable[str]) -> None:
    """Print warnings to standard error."""
    for warning in warnings:
        console.print("[bold yellow]![/]", escape(warning), highlight=False, soft_wrap=True)


def with_progress(action: Callable[[Any], Any]) -> Any:
    """Run an action that takes a progress callback, show a bar meanwhile, and return the action's result."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # transient: the bar disappears, so that a log keeps only the result
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("…", total=None)
        return action(lambda label, done, total: bar.update(task, description=label, completed=done, total=total))


def say(result: dict[str, Any], *, as_json: bool) -> None:
    """Print a result: one line for each value, or JSON."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    for name, value in result.items():
        echo(f"{name:14} {value}")
