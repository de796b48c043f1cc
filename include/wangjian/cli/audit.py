"""`wangjian audit`: show and verify the audit log."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from wangjian.cli.common import DAY, echo, json_option
from wangjian.core.paths import data_root
from wangjian.ingestion.sources.registry import TIMEZONE

if TYPE_CHECKING:
    from wangjian.state.audit_log import AuditRecord


@click.group()
def audit() -> None:
    """Show who opened personal data and what was exported. The records form a chain, so any change to one shows."""


@audit.command()
@click.option("--person", help="only what this account did")
@click.option("--from", "first", type=DAY, help="first day, Asia/Shanghai")
@click.option("--to", "last", type=DAY, help="last day")
@json_option
def show(person: str | None, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Show the records, the oldest first."""
    from wangjian.state.audit_log import records

    shown = [
        record
        for record in records(data_root())
        if person in (None, record.person)
        and (first is None or _day(record) >= f"{first:%Y-%m-%d}")
        and (last is None or _day(record) <= f"{last:%Y-%m-%d}")
    ]
    if as_json:
        click.echo(json.dumps([record.model_dump(mode="json") for record in shown], ensure_ascii=False))
        return
    for record in shown:
        echo(_line(record))
    echo(f"{len(shown)} 条 records")


@audit.command()
@click.option("--head", "heads", multiple=True, help="a head that was kept outside, as SEQ:HASH; several may be given")
@json_option
def verify(heads: tuple[str, ...], as_json: bool) -> None:
    """Find every record that was changed, removed or moved; exit code 1 if there is one."""
    from wangjian.state.audit_chain import verify_audit_log
    from wangjian.state.audit_log import Head

    # without a head from outside, a log that was rewritten as a whole looks intact
    check = verify_audit_log(data_root(), tuple(map(Head.parse, heads)))
    if as_json:
        result = dataclasses.asdict(check) | {"head": str(check.head), "is_whole": check.is_whole}
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        for note in check.notes:
            echo(f"! {note}")
        for fault in check.faults:
            echo(f"✘ {fault}")
        state = "完整 whole" if check.is_whole else "不完整 NOT whole"
        echo(f"{state}: {check.count} 条 records, 链头 head {check.head}")
    if not check.is_whole:
        sys.exit(1)


@audit.command()
@click.option(
    "--tell", "is_sent", is_flag=True, help="also send it over every defined channel, for anchors and for people"
)
@json_option
def head(is_sent: bool, as_json: bool) -> None:
    """Print the end of the chain. Keep it outside: `verify --head` then finds what was removed or rewritten."""
    from wangjian.state.audit_log import last_head

    last = last_head(data_root())
    channels: list[str] = []
    if is_sent:
        from wangjian.operations.anchoring import send_head

        # anchors go to a second department: the people who read notices run the warehouse and could delete the message
        channels = [*send_head(last, "anchor"), *send_head(last, "notice")]
    if as_json:
        click.echo(json.dumps({"head": str(last), "told": channels}))
        return
    echo(str(last))
    if is_sent:
        echo(f"已告知 told: {', '.join(channels) or '无 nobody'}")
    # the exit code tells a script that no copy of the head exists outside
    if is_sent and not channels:
        sys.exit(1)


def _day(record: AuditRecord) -> str:
    return f"{record.at.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d}"


def _line(record: AuditRecord) -> str:
    at = record.at.astimezone(ZoneInfo(TIMEZONE))
    filters = " ".join(f"{name}={value}" for name, value in record.selection.items())
    parts = [
        f"{record.seq:6}  {at:%Y-%m-%d %H:%M:%S}  {record.person}  {record.action}",
        record.table_name,
        f"{record.row_count} 行 rows",
        filters,
        record.file_name or "",
        (record.sha256 or "")[:16],
        f"事由 purpose: {record.purpose}" if record.purpose else "",
    ]
    return "  ".join(part for part in parts if part)
