"""Twenty days with faults, landed once; every proof starts from these bytes and must end with the same rows."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from invariants.uninterrupted import IS_FULL, world
from simulator.faults import Faults
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.made_once import made_once
from support.served import ingest_all, parse_all
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.orchestration import pipeline
from wangjian.publishing.content import tables_of

__all__ = ["IS_FULL", "world"]

FIRST, LAST = (date(2023, 1, 1), date(2023, 12, 31)) if IS_FULL else (date(2023, 2, 20), date(2023, 3, 11))
# rows in quarantine, a dataset that waits behind a failing day, a version that outvotes another
FAULTS = (
    "unknown_code@2023-03-02",
    "sftp_wrong_hash@2023-03-06",
    "short_line@2023-03-03",
    "clock_ahead@2023-03-04",
    "row_twice@2023-03-05",
)


@dataclass(frozen=True)
class Landed:
    """What was landed, and the warehouse that a full rebuild makes of it: only to be read."""

    data: DataRoot
    exports: tuple[Manifest, ...]

    def fresh(self, root: Path) -> DataRoot:
        """A data root that has the bytes, the key that hashes are made with, and no export yet."""
        data = DataRoot(root)
        data.landing.mkdir(parents=True)
        data.state.mkdir()
        (data.landing / "objects").symlink_to(self.data.landing / "objects")
        shutil.copytree(self.data.state / "keys", data.state / "keys")
        return data


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    folder = made_once(tmp_path_factory, "proofs", _land_and_build)
    data = DataRoot(folder / "data")
    return Landed(data, tuple(Landing(data.landing).exports()))


def _land_and_build(folder: Path) -> None:
    data = DataRoot(folder / "data")
    data.root.mkdir()
    systems = Systems(Scenario(seed=7, scale=0.002 if IS_FULL else 0.005, start=FIRST, end=LAST))
    with served(systems, folder / "simulator", Faults(FAULTS)) as found:
        ingest_all(data, found.connections, FIRST, LAST)
    parse_all(data)
    pipeline.build(data)


def differences(one: DataRoot, other: DataRoot, *apart: str) -> dict[str, int]:
    """Rows that only one of two warehouses has, by table: of marts, reports and audit, `apart` from some columns."""
    with duckdb.connect() as connection:
        for name, data in (("one", one), ("other", other)):
            connection.execute(f"attach '{data.warehouse}' as {name} (read_only)")
        tables = tables_of(connection, "one")
        assert [table.full_name for table in tables] == [table.full_name for table in tables_of(connection, "other")]
        found = {}
        for table in tables:
            columns = ", ".join(f'"{column}"' for column, _ in table.columns if column not in apart)
            a, b = (f"select {columns} from {name}.{table.full_name}" for name in ("one", "other"))
            row = connection.execute(
                f"select (select count(*) from ({a} except all {b})) + (select count(*) from ({b} except all {a}))"
            ).fetchone()
            found[table.full_name] = int(row[0]) if row else -1
        return {name: count for name, count in found.items() if count}
