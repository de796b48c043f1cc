"""Killed at any moment, a plain second run reaches the same state; readers see whole states only; nothing is left lying about."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proofs.conftest import IS_FULL, Landed, differences, leftovers
from wangjian import publishing
from wangjian.landing.store import Landing

pytestmark = pytest.mark.slow

KILLS = 60 if IS_FULL else 3
STEPS = "from wangjian import pipeline; from wangjian.paths import data_root; from wangjian.sources.registry import load_registry\n"
STEPS += "data = data_root()\nfor source in load_registry(): pipeline.parse(data, source)\n"
STEPS += "pipeline.build(data); pipeline.check(data); pipeline.publish(data)"


def _start(root: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "WANGJIAN_DATA": str(root)}
    return subprocess.Popen([sys.executable, "-c", STEPS], env=environment, start_new_session=True)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_second_run_reaches_the_same_state(landed: Landed, tmp_path: Path, seed: int) -> None:
    data = landed.fresh(tmp_path / "data")
    for manifest in landed.exports:
        Landing(data.landing).commit(manifest)
    chance = random.Random(seed)
    for _ in range(2):
        process = _start(data.root)
        # any moment will do: that is what is to be shown
        time.sleep(chance.uniform(0.3, 25))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
        shown = publishing.current(data)
        if shown:
            with publishing.open_published(data) as connection:
                assert connection.execute("select count(*) > 0 from marts.fct_lead").fetchone() == (True,)
    last = _start(data.root)
    assert last.wait(300) == 0
    assert differences(landed.data, data) == {}
    assert publishing.current(data)
    assert leftovers(data) == []
