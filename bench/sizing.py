"""Write the cost of a million rows, from the committed records, into the page on sizing: `make bench-sizing`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: make bench-sizing -->", "<!-- end of what was measured -->"
# without `ingest`: only the city is fetched, the larger worlds are written directly to landing
STEPS = ("parse", "build", "check", "publish")


def newest(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the newest record of each scale, the smallest world first.

    Args:
        folder: the folder of the records, one file per run.
    """
    # a file name begins with its time: the last record of a scale is the newest
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    by_scale = {record["scale"]: record for record in records}
    return dict(sorted(by_scale.items(), key=lambda item: rows_of(item[1])))


def rows_of(record: Mapping[str, Any]) -> int:
    """Return the number of parsed rows of all sources."""
    return sum(cost["rows"] or 0 for name, cost in record["year"].items() if name.startswith("parse "))


def table(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the cost of each stage for a million rows, as a Markdown table.

    Args:
        records: one record per scale.
    """
    head = "| world | rows, millions | stage | processor seconds for a million rows | wall seconds | peak memory, MB |"
    lines = [line for record in records for line in _stages(record)]
    return "\n".join([head, "| --- | ---: | --- | ---: | ---: | ---: |", *lines])


def _stages(record: Mapping[str, Any]) -> Iterator[str]:
    millions = rows_of(record) / 1e6
    for step in STEPS:
        costs = _costs(record, step)
        processor, wall = (sum(cost[key] for cost in costs) for key in ("cpu_seconds", "seconds"))
        peak = max(cost["peak_mb"] for cost in costs)
        yield (
            f"| {record['scale']} | {millions:.2f} | {step} | {processor / millions:.1f} | {wall:.0f} | {peak:,.0f} |"
        )


def growth(records: Iterable[Mapping[str, Any]]) -> str:
    """Return how the time for a million rows grows with the world, as a Markdown table; 1 means in line with the rows.

    Args:
        records: one record per scale, the smallest world first.
    """
    worlds = [
        (record["scale"], sum(cost["seconds"] for cost in _costs(record, *STEPS)), rows_of(record) / 1e6)
        for record in records
    ]
    _, seconds, millions = worlds[0]
    smallest = seconds / millions
    lines = [
        f"| {world} | {seconds:,.0f} | {seconds / millions:.1f} | {seconds / millions / smallest:.2f} |"
        for world, seconds, millions in worlds
    ]
    head = "| world | parse, build, check and publish, wall seconds | for a million rows | over the smallest world's |"
    return "\n".join([head, "| --- | ---: | ---: | ---: |", *lines])


def _costs(record: Mapping[str, Any], *steps: str) -> list[Mapping[str, Any]]:
    return [cost for name, cost in record["year"].items() if name.split()[0] in steps]


def disk(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the disk space by kind of data, as a Markdown table.

    Args:
        records: one record per scale.
    """
    lines = [
        f"| {record['scale']} | {name} | {size / 1e6:,.0f} | {size / rows_of(record):,.0f} |"
        for record in records
        for name, size in record["disk"].items()
    ]
    return "\n".join(["| world | what | MB | bytes a row parsed |", "| --- | --- | ---: | ---: |", *lines])


def shown(page: str, records: Iterable[Mapping[str, Any]]) -> str:
    """Return the page with the tables of these records in place of its own.

    Args:
        page: Markdown with its tables between `BEGIN` and `END`.
        records: one record per scale, the smallest world first.
    """
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    worlds = list(records)
    return f"{before}{BEGIN}\n\n{table(worlds)}\n\n{growth(worlds)}\n\n{disk(worlds)}\n\n{END}{after}"


if __name__ == "__main__":
    page, folder = map(Path, sys.argv[1:])
    page.write_text(shown(page.read_text(encoding="utf-8"), newest(folder).values()), encoding="utf-8")
