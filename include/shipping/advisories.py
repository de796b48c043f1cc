"""Compare the locks with a snapshot of security advisories in OSV's format: `make audit ADVISORIES=…`.

A snapshot is a folder or a zip: the `PyPI` export of OSV (JSON), or the Python Packaging Advisory Database (YAML). The audit
needs no network.
"""

from __future__ import annotations

import json
import sys
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, TypeAdapter

from shipping.pins import Pin, lock_paths, read_lock
from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import PROJECT_ROOT

ACCEPTED = PROJECT_ROOT / "requirements" / "advisories.toml"


class Accepted(BaseModel):
    """The reason why an advisory does no harm here, who decided so, and the last day on which that holds."""

    model_config = ConfigDict(extra="forbid")

    why: str
    by: str
    until: date


@dataclass(frozen=True)
class Finding:
    """An advisory that affects a pinned package."""

    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...]
    fixed_in: tuple[str, ...]
    summary: str
    locks: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """Return the advisory's id and its aliases: a person may have accepted it under any of them."""
        return frozenset({self.advisory, *self.aliases})

    def __str__(self) -> str:
        fix = f"fixed in 已修复于 {', '.join(self.fixed_in)}" if self.fixed_in else "no fix yet 尚无修复"
        names = ", ".join([self.advisory, *self.aliases])
        return f"{self.package} {self.version} [{', '.join(self.locks)}]: {names}; {fix}; {self.summary}"


@dataclass(frozen=True)
class Snapshot:
    """The advisories by package, and the time at which the newest was modified."""

    by_package: Mapping[str, tuple[Mapping[str, Any], ...]]
    newest: datetime

    @property
    def count(self) -> int:
        """Return the number of advisories; one about several packages counts for each of them."""
        return sum(map(len, self.by_package.values()))


def read_snapshot(path: Path) -> Snapshot:
    """Return all advisories about Python packages that were not withdrawn.

    Args:
        path: a folder or zip with one advisory per file (`.json`, `.yaml`).

    Raises:
        BadArguments: there is no such file or folder.
        WangjianError: a file is not an advisory, or the snapshot has none about a Python package.
    """
    by_package: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    newest = ""
    for name, content in _files(path):
        advisory = _advisory(path, name, content)
        newest = max(newest, str(advisory["modified"]))
        for package in _packages(advisory):
            by_package[package].append(advisory)
    # an empty snapshot would report "0 open", as if every package had been checked
    if not by_package:
        fix = "download the PyPI export of OSV, or the Python Packaging Advisory Database"
        raise WangjianError("the snapshot has no advisory about a Python package", snapshot=path, fix=fix)
    return Snapshot({name: tuple(some) for name, some in by_package.items()}, datetime.fromisoformat(newest))


def findings(locks: Iterable[Path], snapshot: Snapshot) -> list[Finding]:
    """Return the advisories that affect a pin of the locks, in the order of the packages."""
    where: dict[tuple[str, str], list[str]] = defaultdict(list)
    pins: dict[tuple[str, str], Pin] = {}
    for lock in locks:
        for pin in read_lock(lock):
            where[pin.name, pin.version].append(lock.stem)
            pins[pin.name, pin.version] = pin
    return [
        _finding(key, advisory, where[key])
        for key in sorted(pins)
        for advisory in snapshot.by_package.get(key[0], ())
        if is_affected(*key, advisory)
    ]


def is_affected(package: str, version: str, advisory: Mapping[str, Any]) -> bool:
    """Return whether an advisory affects a version: OSV's specification lists versions by name or as ranges.

    Args:
        package: the normalised name.
        version: the pinned version.
        advisory: one OSV record.
    """
    return any(
        version in affected.get("versions", ()) or any(_within(Version(version), one) for one in _ranges(affected))
        for affected in advisory.get("affected", ())
        if _name(affected) == package
    )


def load_accepted(path: Path = ACCEPTED) -> dict[str, Accepted]:
    """Return the accepted advisories by id or alias."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Accepted]).validate_python(entries)


def open_findings(candidates: Iterable[Finding], accepted: Mapping[str, Accepted], at: date) -> list[Finding]:
    """Return the findings that nobody accepted, or whose acceptance ended before `at`."""
    valid = {name for name, one in accepted.items() if at <= one.until}
    return [finding for finding in candidates if not finding.names & valid]


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if _is_advisory(file.name):
                yield str(file.relative_to(path)), file.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if _is_advisory(name.rsplit("/", 1)[-1]):
                    yield name, archive.read(name)
    else:
        fix = "give a folder or a zip of OSV records: make audit ADVISORIES=…"
        raise BadArguments("the snapshot is neither a folder nor a zip", snapshot=path, fix=fix)


def _is_advisory(name: str) -> bool:
    return name.endswith((".json", ".yaml", ".yml")) and not name.startswith(".")


def _advisory(snapshot: Path, name: str, content: bytes) -> Mapping[str, Any]:
    try:
        record = json.loads(content) if name.endswith(".json") else yaml.load(content, _TextLoader)  # noqa: S506
        if isinstance(record, dict) and {"id", "modified"} <= record.keys():
            return record
    except (ValueError, yaml.YAMLError) as error:
        raise WangjianError(f"an advisory cannot be read: {error}", snapshot=snapshot, file=name, fix=_AGAIN) from None
    raise WangjianError("no OSV record: it lacks `id` or `modified`", snapshot=snapshot, file=name, fix=_AGAIN)


_AGAIN = "download the snapshot again"


class _TextLoader(yaml.CSafeLoader):
    """A YAML loader that leaves times as text, so that YAML and JSON records have the same types."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _packages(advisory: Mapping[str, Any]) -> set[str]:
    """Return the Python packages that an advisory is about; none if it was withdrawn."""
    if advisory.get("withdrawn"):
        return set()
    return {name for affected in advisory.get("affected", ()) if (name := _name(affected))}


def _name(affected: Mapping[str, Any]) -> str | None:
    # one record may name packages of several ecosystems, and an npm package may have the name of a Python package
    package = affected.get("package", {})
    return str(canonicalize_name(package["name"])) if package.get("ecosystem") == "PyPI" else None


def _ranges(affected: Mapping[str, Any]) -> Iterator[list[Mapping[str, str]]]:
    """Yield the events of each range of versions. It skips ranges of git commits: no version compares with a commit."""
    for one in affected.get("ranges", ()):
        if one["type"] in {"ECOSYSTEM", "SEMVER"}:
            yield one["events"]


def _within(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    within = False
    # OSV allows the events in any order: only by version do they say where each range begins and ends
    for kind, at in sorted(_timeline(events), key=lambda event: event[1]):
        if kind == "introduced" and version >= at:
            within = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            within = False
    return within


def _timeline(events: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Version]]:
    for event in events:
        for kind, text in event.items():
            try:
                # OSV's "0" is before every version, but PEP 440 sorts 0.dev0 and 0a1 before 0
                yield kind, Version("0.dev0" if text == "0" else text)
            except InvalidVersion:
                # such a version is not comparable with a pin; the other events of the record still count
                continue


def _finding(key: tuple[str, str], advisory: Mapping[str, Any], locks: Iterable[str]) -> Finding:
    fixes = {
        event["fixed"]
        for affected in advisory["affected"]
        if _name(affected) == key[0]
        for events in _ranges(affected)
        for event in events
        if "fixed" in event
    }
    # `details` may be pages of Markdown: its first line says what the advisory is about
    lines = str(advisory.get("summary") or advisory.get("details") or "").strip().splitlines()
    return Finding(
        *key,
        advisory=advisory["id"],
        aliases=tuple(sorted(advisory.get("aliases", ()))),
        fixed_in=tuple(sorted(fixes)),
        summary=lines[0][:160] if lines else "",
        locks=tuple(sorted(set(locks))),
    )


def audit(path: Path, locks: Iterable[Path], at: date) -> list[Finding]:
    """Print the advisories that affect the locks, and return those that nobody accepted.

    Args:
        path: the snapshot.
        locks: lock files.
        at: the day of the audit; an acceptance that ended before it does not count.
    """
    snapshot = read_snapshot(path)
    affecting = findings(locks, snapshot)
    left = open_findings(affecting, load_accepted(), at)
    print(f"{snapshot.count} advisories 条通告, newest 最新 {snapshot.newest:%Y-%m-%d}")
    if (age := (at - snapshot.newest.date()).days) > _OLD:
        print(f"! the snapshot is {age} days old 通告快照已过 {age} 天 → download a newer one", file=sys.stderr)
    for finding in left:
        print(f"✘ {finding}")
    print(f"{len(left)} open 未处理, {len(affecting) - len(left)} accepted 已接受")
    return left


_OLD = 30
"""Days after which the audit warns that the snapshot is old."""


def main() -> None:
    """Audit the locks of the project. Exit with 1 if a finding is open or the snapshot is damaged, with 2 if it is not there.

    Without an argument it warns that nothing was audited, and exits with 0.
    """
    if len(sys.argv) < 2:
        print(
            "! NOT AUDITED 未审计: no snapshot of advisories 没有漏洞通告快照\n"
            "→ make audit ADVISORIES=folder-or-zip (docs/explanation/supply-chain.md)",
            file=sys.stderr,
        )
        return
    try:
        # with the locks outside of the bundle: developers install them, and a cluster runs Spark's
        left = audit(Path(sys.argv[1]), lock_paths(PROJECT_ROOT, apart=True), datetime.now().astimezone().date())
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
