"""The command `wangjian trace`: from a row of a published table to the landed rows it came from."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from wangjian.cli.common import echo, json_option
from wangjian.core.paths import data_root

if TYPE_CHECKING:
    from wangjian.governance.trace import Place, Trace

# a row of a report may come from many places: the terminal shows the first ones
SHOWN = 20


@click.command()
@click.argument("table")
@click.argument("key", nargs=-1, required=True)
@json_option
def trace(table: str, key: tuple[str, ...], as_json: bool) -> None:
    """Show the landed files and row numbers that the row of TABLE with this KEY came from.

    KEY: the values of the key's columns, in order; the first ones are enough. Or column=value.
    """
    from wangjian.governance.trace import trace as find

    found = find(data_root(), table, key)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(found), ensure_ascii=False, default=str))
        return
    _show(found)


def _show(found: Trace) -> None:
    for row in found.key[:SHOWN]:
        echo(f"{found.table}  {'  '.join(f'{name}={value}' for name, value in row.items())}")
    _more(len(found.key))
    for place in found.places[:SHOWN]:
        echo(_line(place))
        for correction in place.corrections:
            echo(f"    纠正 corrected: {correction}")
    _more(len(found.places))
    if not found.places:
        echo(
            "没有落地行 no landed row: 来自审定的种子表, 或仅以代码被引用 it comes from reviewed seeds, or is known by its code alone"
        )
    for seed in found.seeds:
        echo(f"种子表 reviewed seed: {seed}")
    echo(
        f"发布 publication {found.publication_id}; {len(found.places)} 处 places; → 取值行 the row whose values are shown"
    )


def _more(count: int) -> None:
    if count > SHOWN:
        echo(f"… {count - SHOWN} more; --json shows all")


def _line(place: Place) -> str:
    from wangjian.ingestion.parsing.formats import format_of_source
    from wangjian.ingestion.sources.registry import get_source

    row = format_of_source(get_source(place.source)).locate(place.sheet, place.row_number)
    name = " ".join(filter(None, (place.original_name, row)))
    sender = f"{place.source}/{place.provider}".rstrip("/")
    mark = "→" if place.speaks else " "
    lies_in = place.lies_in or "不可达 not within reach"
    return f"{mark} {place.business_date}  {sender}/{place.dataset}  {name}  {place.file_sha256}  {lies_in}"
