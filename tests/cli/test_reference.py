"""The reference pages agree with the code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from wangjian.cli.reference import pages
from wangjian.core.errors import BadArguments
from wangjian.core.paths import PROJECT_ROOT
from wangjian.core.settings import Settings, settings, variable_of

PACKAGE = PROJECT_ROOT / "include" / "wangjian"


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages()[path], "run `make reference` and commit the result"


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_no_other_module_reads_a_setting_from_the_environment() -> None:
    # passing the whole environment on to a child process reads no setting
    reading = re.compile(r"environ(\.get\(|\[)[^=\n]*(?<!=)$|getenv", re.MULTILINE)
    reads = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if reading.search(line) and not re.search(r"environ\[[^]]*\] = ", line)
    }
    # the variables of the first start are secrets, which are files in a container
    assert reads == {"core/settings.py", "deployment/containers/first_start.py"}


def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGJIAN_SCHEDULE_UNTIL", "soon")
    monkeypatch.setenv("WANGJIAN_SPARK_WORKERS", "0")
    with pytest.raises(BadArguments) as caught:
        settings()
    assert "WANGJIAN_SCHEDULE_UNTIL='soon'" in str(caught.value)
    assert "WANGJIAN_SPARK_WORKERS='0'" in str(caught.value)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(variable_of(name), "")
    assert settings() == Settings.model_construct()
    assert os.environ["WANGJIAN_ENGINE"] == "" and settings().engine == "duckdb"


def test_a_common_variable_of_another_program_breaks_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "FROM", "TO", "SCALE"):
        monkeypatch.setenv(name, "tcp://elsewhere")
    assert settings().data == Settings().data
