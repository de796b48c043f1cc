"""The metrics agree with `wangjian health`, and the alert rules use existing metrics."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from operations.monitoring.conftest import MORNING
from support.reporting import publish_by_hand
from wangjian.core.errors import SourceUnavailable
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.ingestion.parsing.keyed_hash import load_key
from wangjian.operations.metrics import VARIABLE, metrics_text, write_configured, write_metrics
from wangjian.state import record_run
from wangjian.state.audit_log import Access, log_file, record_access

RULES = PROJECT_ROOT / "dashboards" / "prometheus" / "wangjian.rules.yml"


def values(data: DataRoot) -> dict[str, float]:
    """Return the values by name, with the labels as the text has them."""
    families = text_string_to_metric_families(metrics_text(data, MORNING))
    return {
        sample.name.removeprefix("wangjian_")
        + "".join(f",{label}" for label in sorted(filter(None, sample.labels.values()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_metrics_of_a_healthy_warehouse(data: DataRoot) -> None:
    found = values(data)
    assert (found["healthy"], found["problems"], found["publication_held"], found["audit_log_whole"]) == (1, 0, 0, 1)
    assert found["publication_info,20231231-001"] == 1
    # This is 2023-12-31 00:00 in Shanghai.
    assert found["publication_as_of_timestamp_seconds"] == 1703952000
    assert found["source_last_business_date_timestamp_seconds,jiangxi"] == 1703952000
    assert (found["source_age_seconds,jiangxi"], found["source_overdue_after_seconds,jiangxi"]) == (86400, 172800)
    assert found["source_quarantined_rows,jiangxi"] == 3
    assert found["collected_timestamp_seconds"] == MORNING.timestamp()
    assert found["disk_size_bytes"] > found["disk_free_bytes"] > 0


def test_the_metrics_of_problems(data: DataRoot) -> None:
    with record_run(data, "ingest", source="five_level") as run:
        run.files = 3
    well = values(data)
    with pytest.raises(SourceUnavailable), record_run(data, "ingest", source="five_level"):
        raise SourceUnavailable("no connection")
    publish_by_hand(data, "jiangxi/leads since 2023-12-30: CONTROL_ROWS; jiangxi/cases since 2023-12-31: VOLUME")
    record_access(data, Access(action="EXPORTED", table_name="a", row_count=1))
    record_access(data, Access(action="EXPORTED", table_name="b", row_count=1))
    log_file(data).write_bytes(log_file(data).read_bytes().replace(b'"a"', b'"x"'))
    found = values(data)
    assert (found["healthy"], found["audit_log_whole"], found["problems"]) == (0, 0, 1)
    assert (found["source_held_datasets,jiangxi"], found["source_held_datasets,five_level"]) == (2, 0)
    assert (found["source_problems,five_level"], well["source_problems,five_level"]) == (1, 0)
    assert (well["run_succeeded,five_level,ingest"], found["run_succeeded,five_level,ingest"]) == (1, 0)
    assert well["run_files,five_level,ingest"] == 3
    name = "run_success_timestamp_seconds,five_level,ingest"
    assert found[name] == well[name], "the last successful run"


def test_whether_the_key_is_backed_up(data: DataRoot) -> None:
    assert "key_backed_up" not in values(data)
    key = load_key(data.state)
    assert values(data)["key_backed_up"] == 0
    selection = {"versions": f"1:{key.fingerprint}"}
    record_access(data, Access(action="KEY_COPIED", table_name="keyed_hash", selection=selection, row_count=1))
    assert values(data)["key_backed_up"] == 1


def test_an_empty_data_root_has_metrics(tmp_path: Path) -> None:
    assert values(DataRoot(tmp_path))["healthy"] == 0


def test_the_file_is_complete_and_readable_and_a_write_error_fails_nothing(
    data: DataRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "textfile" / "wangjian.prom"
    write_metrics(data, path)
    assert path.stat().st_mode & 0o777 == 0o644 & ~_umask()
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    monkeypatch.setenv(VARIABLE, str(path / "below a file" / "x.prom"))
    write_configured(data)
    assert "the metrics could not be written" in caplog.text


def _umask() -> int:
    import os

    os.umask(mask := os.umask(0))
    return mask


def test_every_metric_of_a_rule_exists(data: DataRoot) -> None:
    load_key(data.state)
    with record_run(data, "backup"):
        pass
    publish_by_hand(data, None, calendar="2024-12-31")
    known = {f"wangjian_{name.split(',')[0]}" for name in values(data)}
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"wangjian_\w+", rule["expr"])}
    assert len(asked) >= 12 and asked <= known, asked - known
    pages = {rule["annotations"]["description"] for rule in rules}
    absent = [page for page in pages if page.startswith("docs/") and not (PROJECT_ROOT / page).exists()]
    assert absent == []


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed: Debian has it in `prometheus`")
def test_prometheus_accepts_metrics_and_rules(data: DataRoot) -> None:
    checks = {
        ("check", "metrics"): metrics_text(data, MORNING),
        ("check", "rules", str(RULES)): "",
        ("test", "rules", str(Path(__file__).with_name("wangjian.test.yml"))): "",
    }
    for command, given in checks.items():
        done = subprocess.run(["promtool", *command], input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
