"""The command `wangjian trace`: show the landed rows from which a row of a published table came."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from wangjian.cli.common import echo, json_option
from wangjian.core.paths import data_root

if TYPE_CHECKING:
    from wangjian.governance.trace import Place, Trace

# a row of a report may come from thousands of landed rows, which would scroll the answer off the terminal
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

    result = find(data_root(), table, key)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(result), ensure_ascii=False, default=str))
        return
    _show(result)


def _show(result: Trace) -> None:
    for row in result.key[:SHOWN]:
        echo(f"{result.table}  {'  '.join(f'{name}={value}' for name, value in row.items())}")
    _more(len(result.key))
    for place in result.places[:SHOWN]:
        echo(_line(place))
        for correction in place.corrections:
            echo(f"    纠正 corrected: {correction}")
    _more(len(result.places))
    if not result.places:
        echo(
            "没有落地行 no landed row: 来自审定的种子表, 或仅以代码被引用 it comes from reviewed seeds, or other rows only refer to its code"
        )
    for seed in result.seeds:
        echo(f"种子表 reviewed seed: {seed}")
    echo(
        f"发布 publication {result.publication_id}; {len(result.places)} 处 places; → 取值行 the row whose values are shown"
    )


def _more(count: int) -> None:
    if count > SHOWN:
        echo(f"… {count - SHOWN} more; --json shows all")


def _line(place: Place) -> str:
    """Return the line of a landed row; an arrow marks the row whose values the table shows."""
    from wangjian.ingestion.parsing.formats import format_of_source
    from wangjian.ingestion.sources.registry import get_source

    row = format_of_source(get_source(place.source)).locate(place.sheet, place.row_number)
    name = " ".join(filter(None, (place.original_name, row)))
    sender = f"{place.source}/{place.provider}".rstrip("/")
    mark = "→" if place.speaks else " "
    # the file may be in an archive that is not mounted
    location = place.lies_in or "不可达 not available"
    return f"{mark} {place.business_date}  {sender}/{place.dataset}  {name}  {place.file_sha256}  {location}"
