"""How the shelf of publications is shown."""

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
    """Tell which publications are kept, the newest first, and which of them readers see."""
    shown = publishing.current(data)
    kept = publishing.publications(data)
    if as_json:
        places = [{"is_current": found == shown, "file": str(data.published / found.file_name)} for found in kept]
        entries = [found.model_dump(mode="json") | place for found, place in zip(kept, places, strict=True)]
        click.echo(json.dumps(entries, ensure_ascii=False))
        return
    for found in kept:
        echo(_line(found, is_current=found == shown))
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
