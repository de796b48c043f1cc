"""Two simulated years over real transports: one without faults, and one with every fault, each on a day of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from invariants.faults.cases import BY_NAME, CASES, TOGETHER
from simulator.faults import FAULTS, Faults
from simulator.scenario import Scenario
from simulator.servers.drop_folder import all_deliveries, found_in
from simulator.serving import served
from simulator.systems import Systems
from support.made_once import made_once
from support.served import parse_all
from wangjian.core.errors import SourceError
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.registry import load_registry
from wangjian.orchestration import pipeline

STOPPING = ("fetch", "rejected", "fails")
SCENARIO = Scenario(seed=2023, scale=0.1)


@dataclass(frozen=True)
class Struck:
    """A published year.

    Attributes:
        days: the business date that each fault struck.
        refused: the messages of the connectors about deliveries that they could not land.
        messages: the messages of parsing.
    """

    data: DataRoot
    days: dict[str, date]
    refused: str

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Query the published file."""
        with duckdb.connect(str(self.data.published / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query, list(values)).fetchall()


@pytest.fixture(scope="session")
def systems() -> Systems:
    return Systems(SCENARIO)


@pytest.fixture(scope="session")
def clean(systems: Systems, tmp_path_factory: pytest.TempPathFactory) -> Struck:
    return _made(systems, tmp_path_factory, "faults-clean", {})


@pytest.fixture(scope="session")
def struck(systems: Systems, tmp_path_factory: pytest.TempPathFactory) -> Struck:
    return _made(systems, tmp_path_factory, "faults-struck", _days(systems))


def _made(systems: Systems, factory: pytest.TempPathFactory, name: str, days: dict[str, date]) -> Struck:
    def make(folder: Path) -> None:
        (folder / "refused.txt").write_text(_run(systems, folder, days), encoding="utf-8")

    folder = made_once(factory, name, make)
    return Struck(DataRoot(folder / "data"), days, (folder / "refused.txt").read_text(encoding="utf-8"))


def _run(systems: Systems, folder: Path, days: dict[str, date]) -> str:
    data = DataRoot(folder / "data")
    data.root.mkdir()
    names = Faults(f"{name}@{day}" for name, day in days.items())
    refused = []
    with served(systems, folder / "simulator", names) as found, pytest.MonkeyPatch.context() as patch:
        for name, value in found.connections.items():
            patch.setenv(name, value)
        for source in load_registry():
            try:
                pipeline.ingest(data, source, SCENARIO.start, SCENARIO.end)
            except SourceError as error:
                refused.append(str(error))
    parse_all(data)
    pipeline.build(data)
    pipeline.check(data)
    pipeline.publish(data)
    return "\n".join(refused)


def _days(systems: Systems) -> dict[str, date]:
    """Return a day for each fault on which its dataset has enough rows and no other fault."""
    taken: set[tuple[str, date]] = set()
    days: dict[str, date] = {}
    for group in TOGETHER:
        day = next(day for day in _candidates(systems, group[0]) if _rows(systems, group[0], day) >= len(group))
        days |= dict.fromkeys(group, day)
        taken.add((FAULTS[group[0]].dataset, day))
    # Faults that stop a dataset are on the last days: after them nothing of that dataset counts.
    for case in sorted(CASES, key=lambda case: case.outcome not in STOPPING):
        if case.fault in days:
            continue
        dataset = FAULTS[case.fault].dataset
        free = (day for day in _candidates(systems, case.fault) if (dataset, day) not in taken)
        days[case.fault] = next(day for day in free if _rows(systems, case.fault, day) >= _NEEDED.get(case.fault, 1))
        taken.add((dataset, days[case.fault]))
    return days


# A later row of the same key would replace the value.
_LATE = ("amount_typed_in_wan", "filed_without_case", "case_before_its_lead", "lead_of_earlier_case")
_NEEDED = {
    "older_sequence_later": 2,
    "uscc_spellings": 3,
    "date_spellings": 2,
    "one_sheet": 4,
    "list_cut_off": 2,
    "columns_reordered": 2,
}
_FULL = ("roster_half", "roster_empty")
# The check of volumes looks at the last days only.
_LAST = {"scans_quarter": date(2023, 12, 28)}


def _candidates(systems: Systems, fault: str) -> Iterator[date]:
    found = FAULTS[fault]
    if fault in _LAST:
        yield _LAST[fault]
    elif found.source == "third_party":
        provider = found.dataset.split(".")[0]
        yield from (item.business_date for item in all_deliveries(systems) if item.provider == provider)
    else:
        days = systems.scenario.days()[32:-20]
        days = days[::-1] if BY_NAME[fault].outcome in STOPPING or fault in _LATE else days
        yield from (day for day in days if (day.day == 1) == (fault in _FULL) and _is_sent_once(systems, fault, day))


def _is_sent_once(systems: Systems, fault: str, day: date) -> bool:
    is_fit = fault != "lead_after_its_events" or _comes_again(systems, day)
    return is_fit and systems.sequence(FAULTS[fault].dataset, day) == 1


def _comes_again(systems: Systems, day: date) -> bool:
    """Return whether the first lead of a day is sent again within ten days and has events by then."""
    numbers = [row["lead_no"] for row in systems.five_level("leads", day)[2]]
    days = [day + timedelta(days=n) for n in range(1, 11)]
    later = [row["lead_no"] for on in days for row in systems.five_level("leads", on)[2]]
    events = [row["lead_no"] for on in days for row in systems.five_level("lead_events", on)[2]]
    return bool(numbers) and numbers[0] in later and numbers[0] in events


def _rows(systems: Systems, fault: str, day: date) -> int:
    found = FAULTS[fault]
    if found.source == "five_level":
        return len(systems.five_level(found.dataset, day)[2])
    if found.source == "jiangxi":
        return len(systems.jiangxi(day).get(found.dataset, []))
    provider = found.dataset.split(".")[0]
    (delivery,) = (item for item in all_deliveries(systems) if (item.provider, item.business_date) == (provider, day))
    return len(found_in(systems, delivery))
