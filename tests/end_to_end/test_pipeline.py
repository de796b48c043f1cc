"""From three source systems over their real protocols to the published file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from wangjian import publishing
from wangjian.core.errors import NotReady
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.registry import load_registry
from wangjian.orchestration import pipeline

pytestmark = pytest.mark.world("end_to_end", minutes=5)

FIRST, LAST = date(2023, 1, 29), date(2023, 2, 2)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, sources: dict[str, str]) -> DataRoot:
    root = DataRoot(tmp_path_factory.mktemp("data"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sources.items():
            patch.setenv(name, value)
        patch.setenv("WANGJIAN_OPENLINEAGE_FILE", str(root.root / "lineage.jsonl"))
        for source in load_registry():
            pipeline.ingest(root, source, FIRST, LAST)
            again = pipeline.ingest(root, source, FIRST, LAST)
            assert again.exports_new == 0, "the same delivery lands once"
            pipeline.parse(root, source)
        pipeline.build(root)
    return root


@pytest.mark.everyday
@pytest.mark.slow
def test_a_published_file_comes_out_and_nothing_is_lost(data: DataRoot) -> None:
    pipeline.check(data)
    first = pipeline.publish(data)
    assert first.is_new
    with publishing.open_published(data) as connection:
        lost = connection.execute(
            "select count(*) from audit.row_balance where rows_read <> rows_loaded + rows_quarantined + rows_superseded"
        ).fetchone()
        rows = connection.execute("select sum(rows_read) from audit.row_balance").fetchone()
        comment = connection.execute(
            "select comment from duckdb_columns() where table_name = 'fct_lead' and column_name = 'lead_key'"
        ).fetchone()
    assert lost == (0,)
    assert rows and rows[0] > 500
    assert comment and " | " in comment[0]
    assert pipeline.is_published(data)


@pytest.mark.everyday
@pytest.mark.slow
def test_each_step_was_told_as_a_lineage_event(data: DataRoot) -> None:
    told = [json.loads(line) for line in (data.root / "lineage.jsonl").read_text().splitlines()]
    steps = [f"{step}.{source}" for source in load_registry() for step in ("ingest", "ingest", "parse")]
    expected = [(step, kind) for step in [*steps, "build"] for kind in ("START", "COMPLETE")]
    assert [(event["job"]["name"], event["eventType"]) for event in told] == expected
    parsed = {
        event["job"]["name"]: event["run"]["facets"]["wangjian_run_log"].get("rows")
        for event in told
        if event["eventType"] == "COMPLETE"
    }
    assert all(parsed[f"parse.{source}"] for source in load_registry())


@pytest.mark.everyday
@pytest.mark.slow
def test_a_rebuild_from_landing_gives_the_same_rows(data: DataRoot) -> None:
    pipeline.check(data)
    before = pipeline.publish(data).publication
    after = pipeline.rebuild(data)
    assert after.publication.content_fingerprint == before.content_fingerprint
    assert not after.is_new


@pytest.mark.everyday
@pytest.mark.slow
def test_a_date_that_is_not_generated_yet_is_waited_for(
    tmp_path: Path, sources: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sources.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NotReady, match="2023-02-04"):
        pipeline.ingest(DataRoot(tmp_path), "jiangxi", date(2023, 2, 4), date(2023, 2, 4))
