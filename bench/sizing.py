"""What a million rows cost, from the committed records, as the page on sizing shows it: `make bench-sizing` writes it there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: make bench-sizing -->", "<!-- end of what was measured -->"
STEPS = ("parse", "build", "check", "publish")


def newest(folder: Path) -> dict[str, Mapping[str, Any]]:
    """The newest record of each scale.

    Args:
        folder: holds one file a run.

    Returns:
        By scale, the smallest world first.
    """
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    found = {record["scale"]: record for record in records}
    return dict(sorted(found.items(), key=lambda item: rows_of(item[1])))


def rows_of(record: Mapping[str, Any]) -> int:
    """Rows that were parsed, of all sources together."""
    return sum(cost["rows"] or 0 for name, cost in record["year"].items() if name.startswith("parse "))


def table(records: Iterable[Mapping[str, Any]]) -> str:
    """The table, as Markdown.

    Args:
        records: of runs, one a scale.
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
    """What a million rows take in each world over what they take in the smallest, as Markdown; 1 is growth in line with the rows.

    Args:
        records: of runs, one a scale, the smallest world first.
    """
    taken = [
        (record["scale"], sum(cost["seconds"] for cost in _costs(record, *STEPS)), rows_of(record) / 1e6)
        for record in records
    ]
    _, seconds, millions = taken[0]
    smallest = seconds / millions
    lines = [
        f"| {world} | {seconds:,.0f} | {seconds / millions:.1f} | {seconds / millions / smallest:.2f} |"
        for world, seconds, millions in taken
    ]
    head = "| world | parse, build, check and publish, wall seconds | for a million rows | over the smallest world's |"
    return "\n".join([head, "| --- | ---: | ---: | ---: |", *lines])


def _costs(record: Mapping[str, Any], *steps: str) -> list[Mapping[str, Any]]:
    return [cost for name, cost in record["year"].items() if name.split()[0] in steps]


def disk(records: Iterable[Mapping[str, Any]]) -> str:
    """What lies on the disk, as Markdown.

    Args:
        records: of runs, one a scale.
    """
    lines = [
        f"| {record['scale']} | {name} | {size / 1e6:,.0f} | {size / rows_of(record):,.0f} |"
        for record in records
        for name, size in record["disk"].items()
    ]
    return "\n".join(["| world | what | MB | bytes a row parsed |", "| --- | --- | ---: | ---: |", *lines])


def shown(page: str, records: Iterable[Mapping[str, Any]]) -> str:
    """The page with the tables of these records in the place of those that it has.

    Args:
        page: Markdown; the tables stand between `BEGIN` and `END`.
        records: of runs, one a scale.
    """
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    found = list(records)
    return f"{before}{BEGIN}\n\n{table(found)}\n\n{growth(found)}\n\n{disk(found)}\n\n{END}{after}"


if __name__ == "__main__":
    page, folder = map(Path, sys.argv[1:])
    page.write_text(shown(page.read_text(encoding="utf-8"), newest(folder).values()), encoding="utf-8")
