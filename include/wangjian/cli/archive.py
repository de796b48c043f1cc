"""`wangjian archive`: move the bytes of old exports to another disk, verify them, and copy them back."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wangjian.cli.common import DAY, echo, json_option, say, with_progress
from wangjian.core.errors import BadArguments
from wangjian.core.paths import data_root

if TYPE_CHECKING:
    from wangjian.operations.archive import ArchivePlan

FOLDER = click.Path(file_okay=False, path_type=Path)
SHOWN = 20


@click.group(invoke_without_command=True)
@click.option("--before", type=DAY, help="exports of earlier business dates are moved")
@click.option("--to", "folder", type=FOLDER, help="the archive: a folder on another disk")
@click.option("--source", "sources", multiple=True, help="source code; several may be given; default: all")
@click.option("--dry-run", is_flag=True, help="show what would be moved and stop")
@json_option
@click.pass_context
def archive(
    context: click.Context,
    before: datetime | None,
    folder: Path | None,
    sources: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Move the landed bytes of old exports to an archive and verify each hash. The exports still count in every build."""
    # click runs the group also before a subcommand; --before and --to belong to `archive` itself
    if context.invoked_subcommand:
        return
    if before is None or folder is None:
        raise BadArguments(
            "--before and --to are both needed",
            fix="`wangjian archive --before 2023-01-01 --to FOLDER`, or one of verify, restore, list",
        )
    # imported here: `wangjian --help` loads every command and should not load what they need
    from wangjian.ingestion.sources.registry import load_registry
    from wangjian.operations.archive import archive as move
    from wangjian.operations.archive import make_plan

    day, wanted = before.date(), sources or tuple(load_registry())
    if dry_run:
        # the same lines as after the move, so that the two can be compared
        _show(make_plan(data_root(), day, folder, wanted), {}, as_json=as_json)
        return
    report = with_progress(lambda p: move(data_root(), day, folder, wanted, p))
    done = {"copied bytes": report.copied_bytes, "removed": report.removed, "removed bytes": report.removed_bytes}
    _show(report.plan, done, as_json=as_json)


def _show(plan: ArchivePlan, done: dict[str, int], *, as_json: bool) -> None:
    counts = Counter(f"{export.key.source}/{export.key.dataset}" for export in plan.exports)
    result = {
        "archive": plan.folder,
        "exports": len(plan.exports),
        "leaving": len(plan.leaving),
        "leaving bytes": sum(plan.leaving.values()),
        "staying": len(plan.staying),
        "in another": plan.elsewhere,
    }
    say({**result, **done, **({"datasets": counts} if as_json else counts)}, as_json=as_json)


@archive.command(name="verify")
@click.argument("folder", type=FOLDER)
@json_option
def archive_verify(folder: Path, as_json: bool) -> None:
    """Read every file of the archive in FOLDER and compare its hash; exit code 1 if something is wrong."""
    import dataclasses

    from wangjian.operations.archive import verify

    check = with_progress(lambda p: verify(folder, data_root(), p))
    if as_json:
        result = dataclasses.asdict(check) | {"is_whole": check.is_whole}
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
    else:
        say(
            {"archive": check.folder, "exports": check.exports, "files": check.files, "bytes": check.byte_size},
            as_json=False,
        )
        for kind, names in (("✘ 缺失 missing", check.missing), ("✘ 损坏 damaged", check.damaged)):
            for name in names[:SHOWN]:
                echo(f"{kind} {name}")
            if len(names) > SHOWN:
                echo(f"{kind} … {len(names) - SHOWN} more; --json shows all")
        echo(f"未列入 not listed {len(check.unlisted)}")
        echo("完好 whole" if check.is_whole else "不完好 not whole")
    if not check.is_whole:
        sys.exit(1)


@archive.command(name="restore")
@click.argument("folder", type=FOLDER)
@click.option("--source", "sources", multiple=True, help="source code; several may be given; default: all")
@click.option("--dataset", "datasets", multiple=True, help="only these; several may be given")
@click.option("--from", "first", type=DAY, help="first business date")
@click.option("--to", "last", type=DAY, help="last business date")
@json_option
def archive_restore(
    folder: Path,
    sources: tuple[str, ...],
    datasets: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    as_json: bool,
) -> None:
    """Copy exports from the archive in FOLDER back into landing; the archive stays as it is."""
    from wangjian.operations.archive import Selection, restore

    selection = Selection(sources, datasets, first and first.date(), last and last.date())
    report = with_progress(lambda p: restore(data_root(), folder, selection, p))
    counts = {"exports": report.exports, "files": report.files, "bytes": report.bytes, "new": report.new_exports}
    say(counts, as_json=as_json)


@archive.command(name="list")
@json_option
def archive_list(as_json: bool) -> None:
    """List the archives that hold bytes which landing does not, and say whether each is available."""
    from wangjian.operations.archive import archives

    known = archives(data_root())
    if as_json:
        click.echo(json.dumps([vars(item) for item in known], ensure_ascii=False, default=str))
        return
    for item in known:
        state = "可读 available" if item.is_within_reach else "不可达 not available"
        echo(f"{item.folder}  {item.first} … {item.last}  {item.exports} exports  {state}")
    echo(f"{len(known)} 个归档 archives")
