"""The locks are read as `uv pip compile` writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipping.pins import LOCKS, LOCKS_APART, PYTHONS, lock_paths, pins_of, read_lock
from wangjian.core.errors import WangjianError
from wangjian.core.paths import PROJECT_ROOT

ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
LOCK = f"""\
alpha==1.10.10 \\
    --hash={ONE} \\
    --hash={OTHER}
    # via
    #   -c requirements/runtime.lock
    #   wangjian (pyproject.toml)
    #   Beta.Gamma
beta-gamma==2 ; python_full_version < '3.11.5' \\
    --hash={ONE}
    # via alpha
beta-gamma==3 ; python_full_version >= '3.11.5' \\
    --hash={OTHER}
    # via alpha
winonly==4 ; sys_platform == 'win32' \\
    --hash={ONE}
    # via alpha
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "some.lock"
    path.write_text(LOCK, encoding="utf-8")
    return path


def test_a_pin_has_its_hashes_and_the_packages_that_need_it(lock: Path) -> None:
    alpha, beta, *_ = read_lock(lock)
    assert (alpha.name, alpha.version, alpha.hashes) == ("alpha", "1.10.10", (ONE, OTHER))
    assert alpha.asked_by == ("beta-gamma", "wangjian")
    assert beta.asked_by == ("alpha",)


def test_a_python_gets_the_pins_of_all_its_patch_releases(lock: Path) -> None:
    wanted = {python: [(pin.name, pin.version) for pin in pins_of([lock], python)] for python in PYTHONS}
    assert wanted["3.11"] == [("alpha", "1.10.10"), ("beta-gamma", "2"), ("beta-gamma", "3")]
    assert wanted["3.12"] == wanted["3.13"] == [("alpha", "1.10.10"), ("beta-gamma", "3")]


@pytest.mark.parametrize("entry", ["alpha==1\n", f"alpha>=1 \\\n    --hash={ONE}\n", f"alpha \\\n    --hash={ONE}\n"])
def test_an_entry_that_is_not_an_exact_pin_with_hashes_is_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / "bad.lock").write_text(entry, encoding="utf-8")
    with pytest.raises(WangjianError, match=r"bad\.lock.*alpha.*make lock"):
        read_lock(tmp_path / "bad.lock")


def test_all_locks_of_the_project_are_read_and_bundled_or_named() -> None:
    assert {path.name for path in (PROJECT_ROOT / "requirements").glob("*.lock")} == {
        f"{name}.lock" for name in (*LOCKS, *LOCKS_APART)
    }
    for path in lock_paths(PROJECT_ROOT, apart=True):
        entries = [line for line in path.read_text(encoding="utf-8").splitlines() if line[:1].isalnum()]
        assert len(read_lock(path)) == len(entries) > 0
