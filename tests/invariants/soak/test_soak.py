"""`make soak`: process simulated days without pause in Airflow, with random faults and BI readers.

Memory, open files and connections of lasting processes must not grow, no read may fail, and the last publication must equal
that of a rebuild from landing. `SOAK_MINUTES` sets the duration, `SOAK_REPORT` the file of the report.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from invariants.conftest import differences
from invariants.soak.readers import Readers, reading
from invariants.soak.report import text_of, write_report
from invariants.soak.sampling import Sampler, sampling
from simulator.faults import FAULTS
from wangjian.core.files import remove_abandoned
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.deployment.local import airflow as af
from wangjian.deployment.local.progress import Watch
from wangjian.deployment.local.simulators import start_simulators, wait_for_addresses
from wangjian.ingestion.sources.registry import load_registry
from wangjian.orchestration import pipeline
from wangjian.state.publications import events

MINUTES = float(os.environ.get("SOAK_MINUTES", "0"))
REPORT = Path(os.environ.get("SOAK_REPORT", PROJECT_ROOT / "test-artefacts" / "soak"))
FIRST, LAST = date(2023, 1, 1), date(2023, 12, 31)
SCALE, SEED, SHARE_OF_FAULTY_DAYS = "0.02", 7, 0.3

ALWAYS = ("rate_limited", "server_error_503", "token_expiry_mid_export")
# Faults that make Airflow wait for minutes, or unpack for minutes, would only use up the time.
LEFT_OUT = ("million_blank_rows", "huge_cell")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MINUTES, reason="an hour long: make soak"),
    pytest.mark.timeout(MINUTES * 60 * 3 + 1800),
]


def faults(chance: random.Random) -> tuple[str, ...]:
    """Return the faults that the sources always have, and those of single days."""
    names = [name for name, fault in FAULTS.items() if fault.stage != "server" and name not in LEFT_OUT]
    days = [FIRST + timedelta(days=number) for number in range(1, (LAST - FIRST).days)]
    struck = chance.sample(days, int(len(days) * SHARE_OF_FAULTY_DAYS))
    return (*ALWAYS, *(f"{chance.choice(names)}@{day}" for day in sorted(struck)))


@contextmanager
def everything(data: DataRoot) -> Iterator[tuple[httpx.Client, dict[str, int]]]:
    """Run the simulated sources and Airflow; yield a client and the process identifiers by name."""
    home = data.root / "airflow"
    migrating = af.migrate(home, data.root)
    switched = tuple(part for fault in faults(random.Random(SEED)) for part in ("--fault", fault))
    process, addresses = start_simulators(data, str(FIRST), str(LAST), scale=SCALE, more=switched)
    try:
        connections = wait_for_addresses(process, addresses)
        with af.running(home, data.root, connections, migrating) as airflow, airflow.client() as client:
            af.make_pool(client)
            af.wait_for_dags(client, ["warehouse", *(f"ingest_{source}" for source in load_registry())])
            pids = {name: found.pid for name, found in zip(af.COMPONENTS, airflow.processes, strict=True)}
            yield client, {"simulator": process.pid, **pids}
    finally:
        process.terminate()
        process.wait(30)


def run_day(client: httpx.Client, watch: Watch, day: date) -> float:
    """Process one day with the DAGs, and return the duration in seconds."""
    started = time.monotonic()
    for source in load_registry():
        af.trigger(client, f"ingest_{source}", {"business_date": str(day)})
    watch.follow(client)
    return time.monotonic() - started


def soak(data: DataRoot, client: httpx.Client, pids: dict[str, int]) -> tuple[list[float], Watch, Readers, Sampler]:
    """Process one day after another until the time is over."""
    watch, day = Watch(data), FIRST
    seconds = [run_day(client, watch, day)]
    with reading(data) as readers:
        names = {f"reader {name}": process.pid for name, process in readers.processes.items()}
        with sampling(pids | names) as sampler:
            until = time.monotonic() + MINUTES * 60
            while time.monotonic() < until and day < LAST:
                day += timedelta(days=1)
                seconds.append(run_day(client, watch, day))
        readers.stop()
    return seconds, watch, readers, sampler


def test_soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGJIAN_SCHEDULE_UNTIL", str(LAST))
    data = DataRoot(tmp_path / "data")
    data.root.mkdir()
    with everything(data) as (client, pids):
        seconds, watch, readers, sampler = soak(data, client, pids)
    lasting = sampler.lasting()
    published = {event.publication.publication_id for event in events(data)}
    write_report(REPORT, text_of(MINUTES, seconds, watch.failed, readers, sampler, len(published)))
    (REPORT / "samples.json").write_text(json.dumps(sampler.totals()))

    # A faulty day may hold its dataset back. The other datasets are published nevertheless.
    assert len(published) > len(seconds) / 2
    assert readers.failures == []
    assert min(readers.reads.values()) > len(seconds)
    expected = {*pids, *(f"reader {kind}" for kind in readers.reads)}
    assert expected <= {track.name for track in lasting}
    assert [
        f"{track.name} {track.pid}: {track.memory} MB, {track.handles} handles"
        for track in lasting
        if not track.is_flat
    ] == []
    assert remove_abandoned(data.root, timedelta(0)) == 0
    before = DataRoot(tmp_path / "before")
    before.root.mkdir()
    shutil.copy(data.warehouse, before.warehouse)
    pipeline.rebuild(data)
    assert differences(before, data, "fetched_at") == {}, "a rebuild from landing differs from the publication"
