"""Make one archive that installs on a machine without a package index: `make bundle`. Its content: docs/how-to/offline-install.md."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipping.licences import Licensed, judged, licence_texts, load_policy, require_allowed, wheel_metadata
from shipping.pins import lock_paths, read_lock
from shipping.sbom import Vendored, vendored, write_sbom
from shipping.wheels import Wheel, gather
from wangjian.core.errors import WangjianError
from wangjian.core.files import sha256_of, written_atomically
from wangjian.core.paths import PROJECT_ROOT

_IN_BUNDLE = Path(__file__).parent / "in_bundle"


@dataclass(frozen=True)
class Head:
    """The commit from which the bundle is made, the commit's time (seconds since 1970), and the version."""

    commit: str
    made_at: int
    version: str

    @property
    def name(self) -> str:
        """Return the name of the archive without its ending."""
        return f"wangjian-{self.version}-linux-x86_64"


def make_bundle(project: Path, target: Path, sphinx: Path) -> Path:
    """Make the archive of the project's last commit and return its path. The same commit gives the same bytes.

    Args:
        project: a git work tree.
        target: the folder for the archive and its checksum; it also keeps the wheels for the next bundle.
        sphinx: the Python that has Sphinx.

    Returns:
        The path of the archive.

    Raises:
        WangjianError: a package could not be fetched or built, its licence is not allowed, or the docs do not build.
    """
    target.mkdir(parents=True, exist_ok=True)
    head = _head(project)
    # inside `target`: the wheels are hard links, which need the same disk
    with tempfile.TemporaryDirectory(dir=target, prefix=".bundle-") as folder:
        root = Path(folder) / head.name
        with _timed("source 源代码"):
            _extract_source(project, root / "project")
        locks = lock_paths(root / "project")
        with _timed("wheels 安装包"):
            wheels = gather(locks, target / "wheels", head.made_at)
            _link_wheels(wheels, root / "wheels")
            _write_locks(locks, wheels, root / "locks")
        with _timed("licences and SBOM 许可证与物料清单"):
            copies = vendored(root / "project")
            licences = _write_licences(wheels, copies, root / "licences")
            write_sbom(root / "sbom.cdx.json", head.version, head.commit, head.made_at, wheels, licences, locks, copies)
        with _timed("docs 文档"):
            _build_docs(root / "project" / "docs", root / "docs", sphinx, head.made_at)
        for path in _IN_BUNDLE.iterdir():
            shutil.copy(path, root / path.name)
        # last, because it lists every other file of the bundle
        _write_checksums(root)
        with _timed("archive 归档"):
            return _archived(root, target / f"{head.name}.tar", head.made_at)


@contextmanager
def _timed(step: str) -> Iterator[None]:
    """Print the step and its seconds when the step is done."""
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:8.1f} s  {step}", flush=True)


def _head(project: Path) -> Head:
    # the bundle holds what `git archive HEAD` gives: a forgotten commit would be noticed on the target machine only
    if _git(project, "status", "--porcelain", "--untracked-files=no"):
        print("! uncommitted changes are not in the bundle 未提交的修改不在包内", file=sys.stderr)
    commit, made_at = _git(project, "log", "-1", "--format=%H %ct").split()
    version = str(tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"])
    # bundles of commits between two releases have the same version: the commit in the name tells them apart
    is_release = f"v{version}" in _git(project, "tag", "--points-at", "HEAD").split()
    return Head(commit, int(made_at), version if is_release else f"{version}+{commit[:8]}")


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise WangjianError(
            f"git {arguments[0]} failed: {done.stderr.strip()}",
            folder=project,
            fix="make the bundle in a clone of the project",
        )
    return done.stdout.strip()


def _extract_source(project: Path, folder: Path) -> None:
    archive = subprocess.run(["git", "-C", str(project), "archive", "HEAD"], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def _link_wheels(wheels: Sequence[Wheel], folder: Path) -> None:
    folder.mkdir()
    for wheel in wheels:
        # a link, not a copy: the kept wheels and the folder of the bundle are on one disk, and a copy takes a second time their size
        os.link(wheel.path, folder / wheel.path.name)


def _write_locks(locks: Sequence[Path], wheels: Sequence[Wheel], folder: Path) -> None:
    """Write the locks, with the hashes of the wheels that were built here in addition.

    The index has only the source archives of these packages. Without the hash of the wheel, pip would refuse it.
    """
    built = {(wheel.name, wheel.version): wheel for wheel in wheels if wheel.source}
    folder.mkdir()
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        for pin in read_lock(lock):
            if wheel := built.get((pin.name, pin.version)):
                first = f"    --hash={pin.hashes[0]}"
                text = text.replace(first, f"    --hash=sha256:{wheel.sha256} \\\n{first}", 1)
        (folder / lock.name).write_text(text, encoding="utf-8")


def _write_licences(
    wheels: Sequence[Wheel], copies: Sequence[Vendored], folder: Path
) -> dict[tuple[str, str], Licensed]:
    """Write the table of licences and the licence texts that the packages contain; return the licence of each package.

    A licence that is not allowed stops the bundle.
    """
    policy = load_policy()
    licences = {(wheel.name, wheel.version): judged(wheel_metadata(wheel.path), policy) for wheel in wheels}
    require_allowed(licences.values())
    texts = {(wheel.name, wheel.version): licence_texts(wheel.path) for wheel in wheels}
    for (name, version), files in texts.items():
        for file, text in files.items():
            path = folder / "texts" / f"{name}-{version}" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    rows = [(*key, one.licence, "PyPI", len(texts[key]), _why(one.name)) for key, one in licences.items()]
    rows += [(one.name, one.version, one.licence, "npm", 1, f"copy: {one.path.name}") for one in copies]
    _write_table(folder / "licences.csv", rows)
    return licences


def _why(name: str) -> str:
    """Return the reason that a person noted for a package's licence, or an empty text."""
    review = load_policy().packages.get(name)
    return review.why if review else ""


def _write_table(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # without the byte-order mark Excel reads UTF-8 as the system's code page and garbles the Chinese header
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ["包 package", "版本 version", "许可证 licence (SPDX)", "来源 from", "许可证文本 texts", "说明 note"]
        )
        table.writerows(sorted(rows, key=str))


def _build_docs(source: Path, folder: Path, sphinx: Path, epoch: int) -> None:
    with tempfile.TemporaryDirectory() as doctrees:
        # -E and -a: nothing comes from an earlier build; -W: a broken link stops the bundle
        command = [
            str(sphinx),
            "-m",
            "sphinx",
            "-q",
            "-E",
            "-a",
            "-W",
            "--keep-going",
            "-d",
            doctrees,
            str(source),
            str(folder),
        ]
        done = subprocess.run(command, check=False, env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)})
    if done.returncode:
        raise WangjianError("the docs could not be built", folder=source, fix="Sphinx says why above; try `make docs`")


def _write_checksums(root: Path) -> None:
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    lines = [f"{sha256_of(path)}  {path.relative_to(root).as_posix()}\n" for path in files]
    (root / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def _archived(root: Path, archive: Path, epoch: int) -> Path:
    with written_atomically(archive) as temporary, tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted([root, *root.rglob("*")]):
            # wheels are hard links, which tarfile may store as references without content
            info = tar.gettarinfo(path, path.relative_to(root.parent).as_posix())
            info.type = tarfile.REGTYPE if path.is_file() and not path.is_symlink() else info.type
            info.size = path.stat().st_size if info.isreg() else 0
            _anonymous(info, epoch)
            with path.open("rb") if info.isreg() else io.BytesIO() as content:
                tar.addfile(info, content if info.isreg() else None)
    archive.with_name(f"{archive.name}.sha256").write_text(f"{sha256_of(archive)}  {archive.name}\n")
    return archive


def _anonymous(info: tarfile.TarInfo, epoch: int) -> None:
    """Set owner, time and rights of an entry to the same values on every machine, so that the archive has the same bytes."""
    info.mtime, info.uid, info.gid, info.uname, info.gname = epoch, 0, 0, "", ""
    # only whether a file is executable counts: the rest depends on the umask of the person who makes the bundle
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644


def main() -> None:
    """Make the bundle in `dist/` of the project: `python -m shipping.bundle PYTHON_WITH_SPHINX`."""
    began = time.monotonic()
    try:
        archive = make_bundle(PROJECT_ROOT, PROJECT_ROOT / "dist", Path(sys.argv[1]).absolute())
    except WangjianError as error:
        sys.exit(f"✘ {error}")
    print(f"{time.monotonic() - began:8.1f} s  {archive} {archive.stat().st_size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
