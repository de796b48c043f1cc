"""`wangjian export`: write published tables into files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wangjian.cli.common import json_option, say
from wangjian.core.paths import data_root


@click.command()
@click.argument("tables", nargs=-1, required=True, metavar="TABLE…")
@click.option("--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="where the files go"
)
@click.option(
    "--labels",
    type=click.Choice(["zh", "en", "none"]),
    default="none",
    show_default=True,
    help="what the header of a CSV file says",
)
@json_option
def export(tables: tuple[str, ...], kind: Any, folder: Path, labels: Any, as_json: bool) -> None:
    """Write published tables to files, with a Data Package descriptor. TABLE may be a whole schema."""
    from wangjian.serving.exports.export import export_tables

    files = export_tables(data_root(), tables, folder, kind, labels)
    say({"files": [str(file) for file in files]}, as_json=as_json)
