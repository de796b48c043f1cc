"""The site is written in one step and follows what readers see; a failure is reported and undoes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from click.testing import CliRunner

from wangjian.cli import cli
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import PROJECT_ROOT, DataRoot
from wangjian.operations.health import health
from wangjian.orchestration import pipeline
from wangjian.serving.site import is_current, write_site
from wangjian.state import runs

pytestmark = pytest.mark.slow


@pytest.fixture
def data(year_2024: DataRoot, tmp_path: Path) -> DataRoot:
    """Return a data root of its own with the published year."""
    shutil.copytree(year_2024.published, tmp_path / "published", symlinks=True, copy_function=os.link)
    shutil.copytree(year_2024.state, tmp_path / "state")
    return DataRoot(tmp_path)


def test_without_a_publication_there_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(WangjianError, match="nothing is published yet"):
        write_site(DataRoot(tmp_path))
    assert not list((tmp_path / "docs").glob("*")) if (tmp_path / "docs").exists() else True


def test_a_publication_writes_the_site(year_2024: DataRoot) -> None:
    assert is_current(year_2024)
    outcomes = [run.outcome for run in runs(year_2024) if run.step == "site"]
    assert outcomes
    assert set(outcomes) == {"succeeded"}


def test_a_new_bulletin_is_linked_at_once(data: DataRoot) -> None:
    pipeline.site(data)
    page = data.docs / "site" / "bulletin-2024-06.html"
    assert "bulletins/" not in page.read_text(encoding="utf-8")
    written = pipeline.bulletin(data, date(2024, 6, 1), formats=["xlsx"])
    assert is_current(data)
    (link,) = re.findall(r'href="([^"]*bulletins/[^"]+)"', page.read_text(encoding="utf-8"))
    assert (page.parent.resolve() / link).resolve() == written.files[0].resolve()


def test_both_languages_have_the_same_pages_and_no_word_is_missing(data: DataRoot) -> None:
    home = write_site(data).parent
    zh, en = ({page.name for page in folder.glob("*.html")} for folder in (home, home / "en"))
    assert zh == en
    assert {"index.html", "quality.html", "bulletin.html", "bulletin-2024-07.html"} <= zh
    for page in (home / "en").glob("*.html"):
        text = re.sub(r'<(\w+)[^>]*lang="zh-CN".*?</\1>', "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
        if page.name in ("index.html", "cases.html", "counties.html"):
            # the name of the approval number has no English
            assert re.findall(r">[^<]*[一-鿿][^<]*<", text.replace("审图号", "")) == [], page.name


def test_files_and_reports_next_to_it_are_linked(data: DataRoot) -> None:
    for name in ("bulletins/bulletin-2024-06.docx", "bulletins/bulletin-2024-06.pdf", "model/index.html"):
        (data.docs / name).parent.mkdir(parents=True, exist_ok=True)
        (data.docs / name).touch()
    home = write_site(data).parent
    for folder in (home, home / "en"):
        page = (folder / "bulletin-2024-06.html").read_text(encoding="utf-8")
        links = re.findall(r'href="([./]+[^"]*(?:bulletins|model)/[^"]+)"', page)
        assert len(links) == 3
        assert all((folder / link).exists() for link in links)
    assert "bulletins/" not in (home / "bulletin-2024-07.html").read_text(encoding="utf-8")


def test_a_failure_keeps_the_last_site_and_is_reported(data: DataRoot, tmp_path: Path) -> None:
    before = write_site(data).parent.resolve()
    broken = tmp_path / "labels.yml"
    # this fails only after some pages are written
    levels = {level: {"zh": level, "en": level} for level in ("PUBLIC", "INTERNAL", "SENSITIVE")}
    broken.write_text(yaml.safe_dump({"columns": {}, "codes": {"level": levels}}), encoding="utf-8")
    with pytest.raises(BadArguments, match="codes have no names"):
        write_site(data, broken)
    assert (data.docs / "site").resolve() == before
    assert [path.name for path in data.docs.glob(".site-*")] == [before.name]


def test_readers_keep_the_folder_that_they_are_reading(data: DataRoot) -> None:
    first, second, third = (write_site(data).parent.resolve() for _ in range(3))
    assert (data.docs / "site").resolve() == third
    assert not first.exists()
    assert (second / "index.html").exists()


def test_a_failing_site_does_not_undo_the_publication(data: DataRoot) -> None:
    """There is a file where the link should be, so the site cannot be shown."""
    (data.docs / "site").mkdir(parents=True)
    (data.docs / "site" / "mine.txt").write_text("a person's own")
    with pytest.raises(OSError, match="site"):
        pipeline.site(data)
    warnings = pipeline._site_warnings(data)
    assert len(warnings) == 1
    assert "wangjian site" in warnings[0]
    assert (data.docs / "site" / "mine.txt").exists()
    assert any("the last site failed" in problem for problem in health(data).problems)


def test_a_rollback_also_writes_the_site(data: DataRoot, year_2024: DataRoot) -> None:
    write_site(data)
    stamp = data.docs / "site" / "publication.json"
    assert json.loads(stamp.read_text())["file"] == "warehouse-20241231-001.duckdb"
    # readers are shown another file, as a rollback does
    link = data.published / "warehouse.duckdb"
    other = data.published / "warehouse-20241231-000.duckdb"
    shutil.copy(link.resolve(), other)
    link.unlink()
    link.symlink_to(other.name)
    assert not is_current(data)
    report = pipeline.rollback(data, "20241231-001")
    assert report.warnings == ()
    assert is_current(data)


@pytest.fixture
def address(data: DataRoot) -> Iterator[str]:
    command = [sys.executable, "-c", "from wangjian.cli import main; main()", "site", "--serve"]
    environment = {"WANGJIAN_DATA": str(data.root), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT_ROOT)
    assert process.stdout
    try:
        yield next(line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:"))
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_it_can_be_served_on_this_machine(address: str) -> None:
    with urlopen(address) as answer:
        assert "网监数仓" in answer.read().decode()
    root = address.removesuffix("site/")
    with pytest.raises(OSError, match="404"):
        urlopen(root)


def test_command_line(data: DataRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGJIAN_DATA", str(data.root))
    answer = CliRunner().invoke(cli, ["site", "--json"])
    assert answer.exit_code == 0
    assert Path(json.loads(answer.stdout)["site"]) == data.docs / "site" / "index.html"
