"""`wangjian quarantine`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from wangjian.cli.common import DAY, echo, json_option, say
from wangjian.core.paths import data_root


@click.group()
def quarantine() -> None:
    """List and show bad rows, and export them for the provider to correct."""


def _selects(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--source"),
        click.option("--provider"),
        click.option("--dataset"),
        click.option("--reason", help="a reason code, such as TYPE"),
        click.option("--from", "first", type=DAY, help="first business date"),
        click.option("--to", "last", type=DAY, help="last business date"),
    ]
    # reversed: each decorator puts its option in front, and the help should list them in this order
    for option in reversed(options):
        command = option(command)
    return command


def _selection(**given: Any) -> Any:
    from wangjian.governance.quarantine import Selection

    days = {name: given.pop(name) for name in ("first", "last")}
    return Selection(**given, **{name: day and day.date() for name, day in days.items()})


@quarantine.command(name="list")
@_selects
@json_option
def quarantine_list(as_json: bool, **given: Any) -> None:
    """List the bad rows, with what is wrong with each."""
    from wangjian.governance.quarantine import bad_rows

    rows = bad_rows(data_root(), _selection(**given))
    if as_json:
        click.echo(json.dumps([vars(row) for row in rows], ensure_ascii=False, default=str))
        return
    for row in rows:
        sender = f"{row.source}/{row.provider}".rstrip("/")
        reasons = "; ".join(f"{code} {zh} {en}" for code, zh, en in row.reasons)
        echo(f"{row.quarantine_key[:12]}  {row.business_date}  {sender}  {row.dataset}  {row.place}  {reasons}")
    echo(f"{len(rows)} 行 rows")


@quarantine.command(name="show")
@click.argument("key")
@json_option
def quarantine_show(key: str, as_json: bool) -> None:
    """Show the bad row whose key begins with KEY, personal data masked."""
    from wangjian.governance.quarantine import bad_row

    row = bad_row(data_root(), key)
    reasons = "; ".join(f"{code} {zh} {en}" for code, zh, en in row.reasons)
    shown = {"key": row.quarantine_key, "place": row.place, "file": row.file_sha256, "reasons": reasons}
    say({**shown, **row.values}, as_json=as_json)


@quarantine.command(name="export")
@_selects
@click.option("--folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="where the files go")
@click.option("--format", "kind", type=click.Choice(["csv", "xlsx"]), default="xlsx", show_default=True)
@click.option("--clear", is_flag=True, help="with personal data as it came; asks for a purpose")
@click.option("--purpose", help="why; goes into the audit log")
@json_option
def quarantine_export(folder: Path, kind: Any, clear: bool, purpose: str | None, as_json: bool, **given: Any) -> None:
    """Write the bad rows into one file for each provider or system, ready to send back."""
    from wangjian.governance.quarantine import export_bad_rows

    files = export_bad_rows(data_root(), folder, kind, _selection(**given), clear=clear, purpose=purpose)
    say({"files": [str(file) for file in files]}, as_json=as_json)
