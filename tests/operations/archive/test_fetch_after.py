"""The real connectors fetch nothing twice after a part of landing was archived."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from operations.archive.conftest import objects
from simulator.scenario import Scenario
from simulator.serving import served
from simulator.systems import Systems
from support.served import FIRST, LAST, ingest_all, parse_all
from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import load_registry
from wangjian.operations.archive import archive
from wangjian.orchestration import pipeline


@pytest.mark.slow
def test_no_source_is_landed_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, folder = DataRoot(tmp_path / "data"), tmp_path / "archive"
    with served(Systems(Scenario(seed=11, scale=0.005, start=FIRST, end=LAST)), tmp_path / "simulator") as found:
        ingest_all(data, found.connections, FIRST, LAST)
        parse_all(data)
        manifests = Landing(data.landing).manifests()
        archive(data, date(2023, 7, 1), folder)
        left = objects(data.landing)
        assert {export.key.source for export in Landing(folder).exports()} == set(load_registry())
        for name, value in found.connections.items():
            monkeypatch.setenv(name, value)
        for source in load_registry():
            asked = len(found.requests)
            assert pipeline.ingest(data, source, FIRST, LAST).files == 0, "what is archived is known"
            assert not [line for line in found.requests[asked:] if "page=" in line]
        assert objects(data.landing) == left
        for source in load_registry():
            assert pipeline.ingest(data, source, FIRST, LAST, refetch=True).exports_new == 0
            assert pipeline.parse(data, source).files == 0
    assert Landing(data.landing).manifests() == manifests
    archive(data, date(2023, 7, 1), folder)
    assert objects(data.landing) == left, "what was fetched again goes the same way"
