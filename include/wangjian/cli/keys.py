"""`wangjian keys`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from wangjian.cli.common import json_option, say
from wangjian.core.paths import data_root
from wangjian.ingestion.sources.registry import TIMEZONE


@click.group()
def keys() -> None:
    """The key that numbers of persons are hashed with: which versions there are, and a new one."""


@keys.command(name="list")
@json_option
def list_keys(as_json: bool) -> None:
    """The versions of the key; the last one is in use. Fingerprints only."""
    from wangjian.ingestion.parsing.keyed_hash import keys as versions

    found = versions(data_root().state)
    for key in found:
        made = datetime.fromtimestamp(key.path.stat().st_mtime, ZoneInfo(TIMEZONE))
        told = {"version": key.version, "fingerprint": key.fingerprint, "since": f"{made:%Y-%m-%d %H:%M}"}
        say(told | {"in use": key is found[-1], "file": key.path}, as_json=as_json)


@keys.command()
@click.option("--reason", required=True, help="why; goes into the audit log")
@json_option
def rotate(reason: str, as_json: bool) -> None:
    """Make a new version of the key; what was hashed with the old one is parsed anew by the next `wangjian parse`."""
    from wangjian.ingestion.parsing.key_rotation import rotate_key

    key = rotate_key(data_root(), reason)
    told = {"version": key.version, "fingerprint": key.fingerprint, "file": key.path}
    say(told | {"next": "back the key up, then parse, build, check and publish"}, as_json=as_json)
