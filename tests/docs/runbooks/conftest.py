"""A few days at the end of March 2023 with the faults of the runbooks in them, and the commands of the pages run in that world.

The tests of this folder are one story, told in order: building the warehouse takes the time, and each build serves several pages.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.pages import blocks, run
from support.served import ingest_all, parse_all
from wangjian import quality
from wangjian.core.paths import DBT_PROJECT, EXPECTATIONS, PROJECT_ROOT, DataRoot
from wangjian.orchestration import pipeline

PAGES = [*sorted((PROJECT_ROOT / "docs" / "runbooks").glob("*.md")), PROJECT_ROOT / "docs" / "how-to" / "backup.md"]
FIRST, SECOND = (date(2023, 3, 26), date(2023, 3, 29)), (date(2023, 3, 30), date(2023, 3, 31))
FAULTS = Faults(("amount_absurd@2023-03-30", "amount_typed_in_wan@2023-03-31"))
MORNING = datetime(2023, 4, 1, 1, tzinfo=UTC)
"""When `wangjian health` is asked: nothing is overdue then."""


@dataclass
class World:
    """The world, and which blocks of which pages were run in it."""

    folder: Path
    data: DataRoot
    connections: dict[str, str]
    tree: Path
    rehearsed: set[tuple[str, str]] = field(default_factory=set)

    def follow(self, page: str, block: str, **variables: str) -> str:
        """Run the commands of a block of a page; what they said.

        Args:
            page: its name, without `.md`.
            block: its name.
            variables: of the environment, instead of the world's.
        """
        path = next(found for found in PAGES if found.stem == page)
        self.rehearsed.add((page, block))
        environment = {
            **os.environ,
            **self.connections,
            "WANGJIAN_DATA": str(self.data.root),
            "MNT": str(self.folder / "mnt"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **variables,
        }
        return "".join(run(command, self.folder, environment) for command in blocks(path)[block])

    def send_corrected(self, day: date, wrong: str, right: str) -> None:
        """Let the Jiangxi platform export a day's penalty items again, in a higher version with another amount."""
        folder = self.tree / "export" / f"{day:%Y%m%d}"
        name = f"jx_case_penalties_{day:%Y%m%d}"
        text = (folder / f"{name}_01.csv").read_bytes().decode("gb18030")
        content = text.replace(wrong, right).encode("gb18030")
        assert wrong in text
        (folder / f"{name}_02.csv").write_bytes(content)
        _, rows, _, amount = (folder / f"{name}_01.ctl").read_text().strip().split("|")
        total = Decimal(amount) - Decimal(wrong) + Decimal(right)
        line = f"{name}_02.csv|{rows}|{hashlib.sha256(content).hexdigest()}|{total}\n"
        (folder / f"{name}_02.ctl").write_text(line)

    def ingest(self, first: date, last: date) -> None:
        ingest_all(self.data, self.connections, first, last)


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The first days are published, with a calendar that ends in 2022 and a word that the code table does not know."""
    folder = tmp_path_factory.mktemp("runbooks")
    project = shutil.copytree(DBT_PROJECT, folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    _end_the_calendar(project / "seeds" / "seed_calendar.csv")
    _forget_a_word(project / "seeds" / "seed_alias.csv")
    systems = Systems(Scenario(seed=7, scale=0.005))
    with pytest.MonkeyPatch.context() as patch, served(systems, folder / "simulator", FAULTS) as found:
        for module in ("wangjian.warehouse.build", "wangjian.warehouse.dbt"):
            patch.setattr(f"{module}.DBT_PROJECT", project)
        suites = _without_the_years(folder / "expectations")
        patch.setattr("wangjian.quality.check", partial(quality.check, expectations=suites))
        patch.setattr("wangjian.operations.health.now", lambda: MORNING)
        made = World(folder, DataRoot(folder / "data"), found.connections, found.tree)
        made.data.root.mkdir(mode=0o700)
        made.ingest(*FIRST)
        parse_all(made.data)
        pipeline.build(made.data)
        pipeline.check(made.data)
        pipeline.publish(made.data)
        yield made


def _end_the_calendar(seed: Path) -> None:
    with seed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["calendar_date"] > "2022-12-31":
            weekend = date.fromisoformat(row["calendar_date"]).weekday() > 4
            row |= {"is_working_day": str(not weekend).lower(), "holiday_name": "", "is_make_up_day": "false"}
            row["is_provisional"] = "true"
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _without_the_years(folder: Path) -> Path:
    """The suites as they were when nobody could count the working days of 2023 yet."""
    shutil.copytree(EXPECTATIONS, folder)
    (folder / "marts.dim_date.yml").unlink()
    return folder


def _forget_a_word(seed: Path) -> None:
    lines = seed.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("inspection_result,正常,")]
    assert len(kept) == len(lines) - 1
    seed.write_text("".join(kept), encoding="utf-8")
