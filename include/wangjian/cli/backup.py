"""`wangjian backup` and `wangjian restore`: copy a data root to another disk, and back."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wangjian.cli.common import console, json_option, say, with_progress
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot, configured_root, data_root

if TYPE_CHECKING:
    from wangjian.operations.backup import RestoreReport

FOLDER = click.Path(file_okay=False, path_type=Path)
SHOWN = 20


@click.group(invoke_without_command=True)
@click.option("--to", "folder", type=FOLDER, help="the folder of backups, on another disk")
@click.option("--keys-to", type=FOLDER, help="write the key of hashed numbers there, apart from the backup")
@click.option("--metadata", is_flag=True, help="with Airflow's metadata database")
@click.option("--keep", type=click.IntRange(min=1), help="keep this many backups, including this one; default: all")
@json_option
@click.pass_context
def backup(
    context: click.Context, folder: Path | None, keys_to: Path | None, metadata: bool, keep: int | None, as_json: bool
) -> None:
    """Back up landing, state and publications while pipelines run; only what is new is copied."""
    # click runs the group also before a subcommand; --to belongs to `backup` itself
    if context.invoked_subcommand:
        return
    if folder is None:
        raise BadArguments("--to is needed", fix="`wangjian backup --to FOLDER`, or one of list, verify")
    from wangjian.operations.backup import back_up

    data = data_root()
    report = with_progress(lambda p: back_up(data, folder, keys_to=keys_to, metadata=metadata, keep=keep, progress=p))
    made = report.backup
    result = {
        "backup": made.backup_id,
        "files": made.files,
        "bytes": made.byte_size,
        "new files": report.copied,
        "new bytes": report.copied_bytes,
        "seconds": round(report.seconds, 1),
        "metadata": made.metadata and made.metadata.kind,
        "keys": report.keys,
        "removed": report.pruned,
    }
    say(result, as_json=as_json)
    # the key is never in the backup: a person who has both could look up every hashed number
    if keys_to is None and made.key_fingerprint:
        _note(f"the key of hashed numbers ({made.key_fingerprint}) is not in it → keep it apart: --keys-to FOLDER")


def _note(text: str) -> None:
    console.print(f"! {text}", highlight=False, soft_wrap=True, markup=False)


@backup.command(name="list")
@click.argument("folder", type=FOLDER)
@json_option
def backup_list(folder: Path, as_json: bool) -> None:
    """List the backups in FOLDER."""
    from wangjian.operations.backup import BackupFolder

    kept = BackupFolder(folder)
    kept.require()
    backups = kept.backups()
    if as_json:
        click.echo(json.dumps([item.model_dump(mode="json") for item in backups], ensure_ascii=False))
        return
    for item in backups:
        shown = item.shown or "未发布 nothing published"
        click.echo(f"{item.backup_id}  {item.files} files  {item.byte_size} bytes  {shown}")
    click.echo(f"{len(backups)} 个备份 backups")


@backup.command(name="verify")
@click.argument("folder", type=FOLDER)
@json_option
def backup_verify(folder: Path, as_json: bool) -> None:
    """Read every byte of the backups in FOLDER and compare its hash; exit code 1 if something is wrong."""
    from wangjian.operations.backup import verify

    check = with_progress(lambda p: verify(folder, p))
    if as_json:
        result = dataclasses.asdict(check) | {"is_whole": check.is_whole}
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
    else:
        say({"backups": check.backups, "files": check.files, "bytes": check.byte_size}, as_json=False)
        for kind, names in (("✘ 缺失 missing", check.missing), ("✘ 损坏 damaged", check.damaged)):
            for name in names[:SHOWN]:
                click.echo(f"{kind} {name}")
            if len(names) > SHOWN:
                click.echo(f"{kind} … {len(names) - SHOWN} more; --json shows all")
        if check.damaged:
            click.echo(
                "→ 删除损坏的对象后再备份，会重新复制 remove a damaged object and back up again: it is copied again"
            )
        click.echo("完好 whole" if check.is_whole else "不完好 not whole")
    if not check.is_whole:
        sys.exit(1)


@click.command()
@click.option("--from", "folder", type=FOLDER, required=True, help="the folder of backups")
@click.option("--to", "root", type=FOLDER, help="an empty data root; default: $WANGJIAN_DATA")
@click.option("--backup", "backup_id", metavar="ID", help="which one; default: the newest")
@click.option("--keys-from", type=FOLDER, help="where the key of hashed numbers was backed up")
@click.option("--metadata", is_flag=True, help="restore Airflow's metadata database; Airflow must not run")
@click.option("--rebuild", is_flag=True, help="then rebuild raw/ and the warehouse, and publish what is new")
@json_option
def restore(
    folder: Path,
    root: Path | None,
    backup_id: str | None,
    keys_from: Path | None,
    metadata: bool,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Restore a backup into an empty data root; readers see what they saw when the backup was made."""
    from wangjian.operations.backup import restore as take_back

    # not `data_root()`: that refuses a root in which a restore was interrupted
    data = DataRoot(root.absolute()) if root else configured_root()
    report = with_progress(
        lambda p: take_back(data, folder, backup_id=backup_id, keys_from=keys_from, metadata=metadata, progress=p)
    )
    rebuilt = _rebuild(data, report) if rebuild else {}
    result: dict[str, Any] = {
        "backup": report.backup.backup_id,
        "files": report.files,
        "bytes": report.byte_size,
        "seconds": round(report.seconds, 1),
        "readers see": report.backup.shown,
        "key": "restored" if report.has_key else "absent",
        "metadata": "restored" if report.has_metadata else "not asked for",
    }
    say(result | rebuilt, as_json=as_json)
    if not rebuild:
        _note("raw/ and warehouse.duckdb are in no backup → run `wangjian rebuild` before the pipelines go on")
    # the backup names the archives but does not hold their bytes
    if report.backup.archives:
        _note(f"bytes of old exports are in archives → keep these available: {', '.join(report.backup.archives)}")
    if not report.has_key:
        _note(_without_key(report))


def _rebuild(data: DataRoot, report: RestoreReport) -> dict[str, Any]:
    from wangjian.orchestration import pipeline

    # without the key, a rebuild would make a new one, and every hashed number would change for readers
    if not report.has_key:
        raise WangjianError(
            f"everything is restored, but {_without_key(report)}",
            data_root=data.root,
            fix="put the key into state/keys/ and run `wangjian rebuild`; if the key is lost, `wangjian rebuild` makes a new one, and every hashed number changes",
        )
    # measured: how long a rebuild takes is what a recovery plan needs to know
    started = time.monotonic()
    published = with_progress(lambda p: pipeline.rebuild(data, p))
    return {"rebuild seconds": round(time.monotonic() - started, 1), "publication": published.message}


def _without_key(report: RestoreReport) -> str:
    return f"the key of hashed numbers ({report.backup.key_fingerprint}) is missing from state/keys/"
