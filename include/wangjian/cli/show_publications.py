"""Show the kept publications."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import click

from wangjian import publishing
from wangjian.cli.common import echo
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.registry import TIMEZONE
from wangjian.state import Publication


def show_publications(data: DataRoot, *, as_json: bool) -> None:
    """Print the kept publications, the newest first, and mark the one that readers see."""
    # after a rollback, what readers see is not the newest
    shown = publishing.current(data)
    kept = publishing.publications(data)
    if as_json:
        places = [
            {"is_current": publication == shown, "file": str(data.published / publication.file_name)}
            for publication in kept
        ]
        entries = [publication.model_dump(mode="json") | place for publication, place in zip(kept, places, strict=True)]
        click.echo(json.dumps(entries, ensure_ascii=False))
        return
    for publication in kept:
        echo(_line(publication, is_current=publication == shown))
    echo("→ 读者所见 what readers see" if shown else "尚无发布 nothing is published")


def _line(publication: Publication, *, is_current: bool) -> str:
    at = publication.published_at.astimezone(ZoneInfo(TIMEZONE))
    parts = [
        f"{'→' if is_current else ' '} {publication.publication_id}",
        f"数据截至 as of {publication.as_of}",
        f"发布于 published {at:%Y-%m-%d %H:%M}",
        f"{(publication.byte_size or 0) / 1e6:9,.1f} MB",
        f"暂缓 held back {publication.held or '无 nothing'}",
    ]
    return "  ".join(parts)
