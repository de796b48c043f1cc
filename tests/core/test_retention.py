"""The retention periods: a site's values apply, a period below the law's minimum is refused, a bad value is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from wangjian.core.errors import BadArguments
from wangjian.core.retention import DEFAULTS, load_retention


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a site's own file; the environment names it."""
    path = tmp_path / "site.yml"
    monkeypatch.setenv("WANGJIAN_RETENTION", str(path))
    return path


def test_a_site_without_its_own_file_has_the_default_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANGJIAN_RETENTION", raising=False)
    assert load_retention().model_dump() == yaml.safe_load(DEFAULTS.read_text())
    assert load_retention().publications.keep == 7


def test_a_sites_file_replaces_only_the_periods_that_it_names(site: Path) -> None:
    site.write_text("publications: {keep: 30}\nrun_log: {months: 12}\n")
    retention = load_retention()
    assert (retention.publications.keep, retention.run_log.months) == (30, 12)
    assert retention.check_results.months == yaml.safe_load(DEFAULTS.read_text())["check_results"]["months"]


@pytest.mark.parametrize("name", ["run_log", "airflow_logs"])
def test_a_period_below_the_laws_minimum_is_refused(site: Path, name: str) -> None:
    site.write_text(f"{name}: {{months: 5}}\n")
    with pytest.raises(BadArguments, match="at least six months") as caught:
        load_retention()
    assert f"{name}.months" in str(caught.value) and "found 5" in str(caught.value)
    site.write_text(f"{name}: {{months: 6}}\n")
    assert getattr(load_retention(), name).months == 6


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("publications: {keep: 0}", "publications.keep"),
        ("publications: {keep: many}", "publications.keep"),
        ("publications: {keep: true}", "publications.keep"),
        ("publications: {kept: 3}", "publications.kept"),
        ("publications: 3", "publications"),
        ("check_reports: {keep: 1}", "check_reports.keep"),
        ("scratch: {days: 1.5}", "scratch.days"),
        ("landing: {months: 12}", "landing"),
    ],
)
def test_a_bad_value_is_named_with_its_file(site: Path, text: str, field: str) -> None:
    site.write_text(text)
    with pytest.raises(BadArguments) as caught:
        load_retention()
    assert f"the periods break the schema: {field}: " in str(caught.value)
    assert f"file={site}" in str(caught.value)


def test_one_error_names_all_bad_values(site: Path) -> None:
    site.write_text("publications: {keep: 0}\nscratch: {days: 0}\n")
    with pytest.raises(BadArguments, match=r"publications\.keep: .*; scratch\.days: "):
        load_retention()


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read"), ("a: [", "not YAML"), ("- a", "not a mapping")])
def test_a_file_that_cannot_be_read_is_named(site: Path, text: str | None, said: str) -> None:
    if text is not None:
        site.write_text(text)
    with pytest.raises(BadArguments, match=said) as caught:
        load_retention()
    assert str(site) in str(caught.value)
