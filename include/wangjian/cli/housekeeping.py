"""`wangjian housekeeping`: merge small files and remove old ones."""

from __future__ import annotations

import json

import click

from wangjian.cli.common import echo, json_option
from wangjian.core.errors import Busy
from wangjian.core.paths import data_root


@click.command()
@click.option("--dry-run", is_flag=True, help="show what would be removed, and stop")
@json_option
def housekeeping(dry_run: bool, as_json: bool) -> None:
    """Merge small raw files of past months; remove what is older than its period in retention.yml."""
    from wangjian.ingestion.sources.registry import load_registry
    from wangjian.orchestration import pipeline

    data = data_root()
    merged, left = 0, []
    # merging removes nothing, so a dry run has nothing to show of it
    for source in () if dry_run else load_registry():
        try:
            merged += pipeline.compact(data, source)
        except Busy as error:
            # a source that is in use is merged the next time: the others need not wait for it
            left.append(str(error))
    done = pipeline.housekeeping(data, dry_run=dry_run)
    left += done.left
    if as_json:
        result = {
            "dry_run": dry_run,
            "merged": merged,
            "cleared": [vars(item) for item in done.cleared],
            "left": left,
        }
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    for item in done.cleared:
        goes = f"移至 moved to {item.moved_to.relative_to(data.root)}" if item.moved_to else "删除 removed"
        echo(f"{item.kind:14} {item.name}  {item.byte_size} bytes  {goes}")
    for reason in left:
        echo(f"留待下次 left for next time: {reason}")
    echo(f"合并分区 partitions merged {merged}; 清理 cleared away: {done.summary}{' (dry run)' if dry_run else ''}")
