"""The audit compares the pins of a lock with advisories in OSV's format, offline."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shipping.advisories import Accepted, audit, findings, is_affected, load_accepted, open_findings, read_snapshot
from wangjian.core.errors import BadArguments, WangjianError

# a record like those of the PyPI export of OSV, with the ranges of the real advisory
PILLOW: dict[str, Any] = {
    "schema_version": "1.7.3",
    "id": "PYSEC-2023-227",
    "published": "2023-11-03T05:15:00Z",
    "modified": "2023-11-08T18:44:32.505456Z",
    "aliases": ["CVE-2023-44271", "GHSA-8ghj-p4vj-mr35"],
    "details": "Long texts take all memory.\nMore lines.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Pillow", "purl": "pkg:pypi/pillow"},
            "ranges": [
                {
                    "type": "GIT",
                    "repo": "https://example.org/pillow",
                    "events": [{"introduced": "0"}, {"fixed": "1fe1bb49"}],
                },
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "10.0.0"}]},
            ],
            "versions": ["1.0", "9.5.0"],
        },
        {
            "package": {"ecosystem": "npm", "name": "idle"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
        },
    ],
}
# a record like those of the Python Packaging Advisory Database
AIRFLOW = """\
id: PYSEC-2099-1
modified: 2099-02-03T10:29:41.505456Z
published: 2099-02-03T05:15:00Z
summary: Two branches were open
affected:
- package: {ecosystem: PyPI, name: apache_airflow}
  ranges:
  - type: ECOSYSTEM
    events:
    - introduced: 2.0.0
    - fixed: 2.4.3
    - introduced: 3.0.0
    - last_affected: 3.3.2
"""


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        target = path / "vulns" / name.replace("__", ".")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return path


def lock(path: Path, *pins: str) -> Path:
    path.write_text("".join(f"{pin} \\\n    --hash=sha256:{'0' * 64}\n" for pin in pins), encoding="utf-8")
    return path


def ranges(*events: dict[str, str], versions: tuple[str, ...] = ()) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": "some"},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"affected": [affected | {"versions": list(versions)}]}


@pytest.mark.parametrize(
    ("version", "events", "affected"),
    [
        ("9.9.9", [{"introduced": "0"}, {"fixed": "10.0.0"}], True),
        ("10.0.0", [{"introduced": "0"}, {"fixed": "10.0.0"}], False),
        # compared as versions: as text, 9.10 would be before 9.9
        ("9.10", [{"introduced": "0"}, {"fixed": "9.9"}], False),
        ("10.0.0rc1", [{"introduced": "0"}, {"fixed": "10.0.0"}], True),
        ("10.0.0.post1", [{"introduced": "0"}, {"fixed": "10.0.0"}], False),
        ("0.1.dev0", [{"introduced": "0"}, {"fixed": "10.0.0"}], True),
        ("1.9", [{"introduced": "2.0"}], False),
        ("2.0", [{"introduced": "2.0"}], True),
        ("3.3.2", [{"introduced": "3.0.0"}, {"last_affected": "3.3.2"}], True),
        ("3.3.3", [{"introduced": "3.0.0"}, {"last_affected": "3.3.2"}], False),
        # two maintained branches; OSV allows the events in any order
        ("2.4.3", [{"fixed": "2.4.3"}, {"introduced": "3.0"}, {"introduced": "2.0"}, {"fixed": "3.1"}], False),
        ("3.0.5", [{"fixed": "2.4.3"}, {"introduced": "3.0"}, {"introduced": "2.0"}, {"fixed": "3.1"}], True),
    ],
)
def test_a_version_is_affected_within_a_range(version: str, events: list[dict[str, str]], affected: bool) -> None:
    assert is_affected("some", version, ranges(*events)) is affected


def test_listed_versions_are_affected_and_ranges_of_git_commits_are_skipped() -> None:
    assert is_affected("some", "5.0", ranges(versions=("5.0",)))
    assert not is_affected("some", "5.1", ranges(versions=("5.0",)))
    git = {"type": "GIT", "events": [{"introduced": "0"}]}
    assert not is_affected(
        "some", "5", {"affected": [{"package": {"ecosystem": "PyPI", "name": "some"}, "ranges": [git]}]}
    )


def test_a_folder_may_hold_json_and_yaml(tmp_path: Path) -> None:
    snapshot = read_snapshot(folder(tmp_path / "db", PYSEC__json=json.dumps(PILLOW), PYSEC__yaml=AIRFLOW))
    locks = [
        lock(tmp_path / "runtime.lock", "pillow==9.5.0", "apache-airflow==3.3.2", "idle==1"),
        lock(tmp_path / "docs.lock", "pillow==9.5.0"),
    ]
    airflow, pillow = findings(locks, snapshot)
    assert (pillow.package, pillow.advisory, pillow.fixed_in, pillow.locks) == (
        "pillow",
        "PYSEC-2023-227",
        ("10.0.0",),
        ("docs", "runtime"),
    )
    assert (airflow.package, airflow.summary, airflow.fixed_in) == (
        "apache-airflow",
        "Two branches were open",
        ("2.4.3",),
    )
    assert "CVE-2023-44271" in str(pillow) and "Long texts take all memory." in str(pillow)
    assert findings([lock(tmp_path / "new.lock", "pillow==13.0.0", "apache-airflow==3.3.3")], snapshot) == []


def test_a_zip_is_read_and_withdrawn_advisories_do_not_count(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("PYSEC-2023-227.json", json.dumps(PILLOW))
        archive.writestr(
            "GHSA-gone.json", json.dumps(PILLOW | {"id": "GHSA-gone", "withdrawn": "2024-01-01T00:00:00Z"})
        )
    snapshot = read_snapshot(tmp_path / "all.zip")
    assert snapshot.count == 1
    assert snapshot.newest.date() == date(2023, 11, 8)
    assert len(findings([lock(tmp_path / "a.lock", "pillow==9.5.0")], snapshot)) == 1


def test_an_unusable_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArguments, match="neither a folder nor a zip"):
        read_snapshot(tmp_path / "missing.zip")
    with pytest.raises(WangjianError, match=r"no advisory about a Python package.*→"):
        read_snapshot(folder(tmp_path / "npm", a__json=json.dumps(PILLOW | {"affected": PILLOW["affected"][1:]})))
    for text in ("{", "[]", '{"id": "x"}'):
        with pytest.raises(WangjianError, match=r"vulns/torn\.json.*download the snapshot again"):
            read_snapshot(folder(tmp_path / "torn", torn__json=text))


def test_acceptance_ends(tmp_path: Path) -> None:
    snapshot = read_snapshot(folder(tmp_path / "db", one__json=json.dumps(PILLOW)))
    affecting = findings([lock(tmp_path / "a.lock", "pillow==9.5.0")], snapshot)
    accepted = {"CVE-2023-44271": Accepted(why="never drawn", by="甲", until=date(2026, 1, 31))}
    assert open_findings(affecting, accepted, date(2026, 1, 31)) == []
    assert open_findings(affecting, accepted, date(2026, 2, 1)) == affecting
    assert open_findings(affecting, {}, date(2026, 1, 1)) == affecting


def test_the_accepted_advisories_of_the_project_are_readable() -> None:
    load_accepted()


def test_the_audit_prints_open_findings_and_the_age_of_an_old_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder(tmp_path / "db", one__json=json.dumps(PILLOW))
    assert len(audit(path, [lock(tmp_path / "a.lock", "pillow==9.5.0")], date(2023, 11, 30))) == 1
    printed = capsys.readouterr()
    assert "✘ pillow 9.5.0 [a]: PYSEC-2023-227, CVE-2023-44271" in printed.out and "1 open" in printed.out
    assert printed.err == ""
    assert audit(path, [lock(tmp_path / "a.lock", "pillow==13")], date(2024, 11, 30)) == []
    assert "388 days old" in capsys.readouterr().err
