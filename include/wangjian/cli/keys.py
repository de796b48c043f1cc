"""`wangjian keys`: list and rotate the key of hashed numbers."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from wangjian.cli.common import json_option, say
from wangjian.core.paths import data_root
from wangjian.ingestion.sources.registry import TIMEZONE


@click.group()
def keys() -> None:
    """List and rotate the key that personal numbers are hashed with."""


@keys.command(name="list")
@json_option
def list_keys(as_json: bool) -> None:
    """List the versions of the key by fingerprint; the last one is in use."""
    from wangjian.ingestion.parsing.keyed_hash import keys as versions

    known = versions(data_root().state)
    # fingerprints only: a key on a screen ends up in a scrollback or a screenshot
    for key in known:
        made = datetime.fromtimestamp(key.path.stat().st_mtime, ZoneInfo(TIMEZONE))
        result = {"version": key.version, "fingerprint": key.fingerprint, "since": f"{made:%Y-%m-%d %H:%M}"}
        say(result | {"in use": key is known[-1], "file": key.path}, as_json=as_json)


@keys.command()
@click.option("--reason", required=True, help="why; goes into the audit log")
@json_option
def rotate(reason: str, as_json: bool) -> None:
    """Make a new version of the key; the next `wangjian parse` parses again what was hashed with the old one."""
    from wangjian.ingestion.parsing.key_rotation import rotate_key

    key = rotate_key(data_root(), reason)
    result = {"version": key.version, "fingerprint": key.fingerprint, "file": key.path}
    say(result | {"next": "back the key up, then parse, build, check and publish"}, as_json=as_json)
