"""Equal scenarios give equal files over all three transports, also in another process: a restart makes no new versions."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from simulator.faults import NONE
from simulator.scenario import Scenario
from simulator.servers.drop_folder import write_drop_folder
from simulator.servers.http_api import Pages
from simulator.servers.sftp_tree import write_tree
from simulator.systems import FIVE_LEVEL, Systems

SMALL = Scenario(seed=7, scale=0.004, start=date(2023, 6, 1), end=date(2023, 7, 3))


def bytes_of(scenario: Scenario, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file and of every first page, by name."""
    systems = Systems(scenario)
    write_tree(systems, folder / "sftp", NONE)
    write_drop_folder(systems, folder / "drop", NONE)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    pages = Pages(systems, NONE)
    for day in scenario.served_days():
        files |= {f"http/{dataset}/{day}": pages.page(dataset, day, 1, 400) for dataset in FIVE_LEVEL}
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return bytes_of(SMALL, tmp_path_factory.mktemp("here"))


def test_another_process_makes_the_same_bytes(here: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); "
        "from test_determinism import SMALL, bytes_of; print(json.dumps(bytes_of(SMALL, Path(sys.argv[2]))))"
    )
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, folder, str(tmp_path)], capture_output=True, text=True, check=True
    )
    import json

    assert json.loads(done.stdout) == here


def test_another_seed_makes_another_world(here: dict[str, str], tmp_path: Path) -> None:
    other = bytes_of(Scenario(8, SMALL.scale, SMALL.start, SMALL.end), tmp_path)
    assert other["http/storefronts/2023-06-01"] != here["http/storefronts/2023-06-01"]


def test_the_drop_folder_holds_all_kinds_of_files(here: dict[str, str]) -> None:
    names = set(here)
    assert "drop/tp_a/2023-06/网络交易监测线索_202306.xlsx" in names
    assert "drop/tp_b/2023-06/summary_202306.json" in names
    specials = {name.split("/")[2] for name in names if "/special-20230612-" in name}
    assert specials == {"special-20230612-T202306-A", "special-20230612-T202306-B"}


def test_a_later_end_of_the_range_does_not_change_earlier_exports(here: dict[str, str], tmp_path: Path) -> None:
    served = Scenario(SMALL.seed, SMALL.scale, SMALL.start, SMALL.end, served_to=date(2023, 6, 20))
    earlier = bytes_of(served, tmp_path)
    assert len(earlier) < len(here)
    assert all(here[name] == content for name, content in earlier.items())
