"""Draw the records over time: `make bench-plot`. The picture shows ratios within one run: seconds of two machines are not comparable.

The script imports nothing of the project: it runs in the environment of the other tools, which has matplotlib.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

STEPS = ("parse", "build")
MARKS = {"city": "o", "province": "s", "nation": "^"}


def ratio(record: dict[str, Any], step: str) -> float:
    """Return the seconds of a step divided by the floor's."""
    seconds = sum(cost["seconds"] for name, cost in record["year"].items() if name.split()[0] == step)
    return float(seconds / record["floor"][step]["seconds"])


def draw(folder: Path) -> Path:
    """Draw every record of a folder and return the path of the picture.

    Args:
        folder: the folder of the records (`*.json`).

    Returns:
        The path of an SVG file in the same folder.
    """
    lines: dict[tuple[str, str], list[tuple[datetime, float]]] = defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        record = json.loads(path.read_text())
        for step in STEPS:
            measured_at = datetime.fromisoformat(record["measured_at"])
            lines[step, record["scale"]].append((measured_at, ratio(record, step)))
    figure, axes = plt.subplots(figsize=(9, 4.5))
    for (step, scale), points in sorted(lines.items()):
        times, ratios = zip(*points, strict=True)
        axes.plot(times, ratios, marker=MARKS.get(scale, "x"), label=f"{step}, {scale}")
    # the floor
    axes.axhline(1, color="grey", linewidth=0.8)
    # from 0: a cut axis makes small changes look large
    axes.set_ylim(bottom=0)
    axes.set_ylabel("seconds over the plain script's")
    axes.legend()
    figure.autofmt_xdate()
    target = folder / "ratios.svg"
    # without the date the same records give the same bytes
    figure.savefig(target, metadata={"Date": None})
    return target


if __name__ == "__main__":
    print(draw(Path(sys.argv[1])))
