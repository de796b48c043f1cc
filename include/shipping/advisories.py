"""What is known against the packages of the locks, by a snapshot of advisories in OSV's format: `make audit ADVISORIES=…`.

A snapshot is a folder or a zip: the `PyPI` export of OSV (JSON), or the Python Packaging Advisory Database (YAML). Read offline.
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
    """An advisory that a person looked at, and why it does no harm here, until when."""

    model_config = ConfigDict(extra="forbid")

    why: str
    by: str
    until: date


@dataclass(frozen=True)
class Finding:
    """An advisory that holds for a pinned package."""

    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...]
    fixed_in: tuple[str, ...]
    summary: str
    locks: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.advisory, *self.aliases})

    def __str__(self) -> str:
        fix = f"fixed in 已修复于 {', '.join(self.fixed_in)}" if self.fixed_in else "no fix yet 尚无修复"
        names = ", ".join([self.advisory, *self.aliases])
        return f"{self.package} {self.version} [{', '.join(self.locks)}]: {names}; {fix}; {self.summary}"


@dataclass(frozen=True)
class Snapshot:
    """The advisories by package, and how new the newest is."""

    by_package: Mapping[str, tuple[Mapping[str, Any], ...]]
    newest: datetime

    @property
    def count(self) -> int:
        return sum(map(len, self.by_package.values()))


def read_snapshot(path: Path) -> Snapshot:
    """Read all advisories about Python packages that were not withdrawn.

    Args:
        path: a folder or zip with one advisory a file (`.json`, `.yaml`).

    Raises:
        BadArguments: there is no such file or folder.
        WangjianError: a file is no advisory, or there is none at all.
    """
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    newest = ""
    for name, content in _files(path):
        advisory = _advisory(path, name, content)
        newest = max(newest, str(advisory["modified"]))
        for package in _packages(advisory):
            found[package].append(advisory)
    if not found:
        fix = "lay down the PyPI export of OSV, or the Python Packaging Advisory Database"
        raise WangjianError("no advisory about a Python package", snapshot=path, fix=fix)
    return Snapshot({name: tuple(some) for name, some in found.items()}, datetime.fromisoformat(newest))


def findings(locks: Iterable[Path], snapshot: Snapshot) -> list[Finding]:
    """What the snapshot says against the pins of the locks, by package."""
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
    """Does an advisory hold for a version? As OSV's specification has it: listed by name, or within a range.

    Args:
        package: the normalised name.
        version: as pinned.
        advisory: one OSV record.
    """
    return any(
        version in affected.get("versions", ()) or any(_within(Version(version), one) for one in _ranges(affected))
        for affected in advisory.get("affected", ())
        if _name(affected) == package
    )


def load_accepted(path: Path = ACCEPTED) -> dict[str, Accepted]:
    """What a person accepted, by the advisory's name or one of its aliases."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, Accepted]).validate_python(found)


def open_findings(found: Iterable[Finding], accepted: Mapping[str, Accepted], at: date) -> list[Finding]:
    """The findings that nobody accepted, or not for so long."""
    holding = {name for name, one in accepted.items() if at <= one.until}
    return [finding for finding in found if not finding.names & holding]


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
        raise BadArguments("neither a folder nor a zip", snapshot=path, fix="ADVISORIES=folder or zip of OSV records")


def _is_advisory(name: str) -> bool:
    return name.endswith((".json", ".yaml", ".yml")) and not name.startswith(".")


def _advisory(snapshot: Path, name: str, content: bytes) -> Mapping[str, Any]:
    try:
        # dates stay text: JSON has none
        read = json.loads(content) if name.endswith(".json") else yaml.load(content, _TextLoader)  # noqa: S506
        if isinstance(read, dict) and {"id", "modified"} <= read.keys():
            return read
    except (ValueError, yaml.YAMLError) as error:
        raise WangjianError(f"an advisory cannot be read: {error}", snapshot=snapshot, file=name, fix=_AGAIN) from None
    raise WangjianError("no OSV record: it lacks `id` or `modified`", snapshot=snapshot, file=name, fix=_AGAIN)


_AGAIN = "lay the snapshot down again"


class _TextLoader(yaml.CSafeLoader):
    """YAML whose times stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _packages(advisory: Mapping[str, Any]) -> set[str]:
    if advisory.get("withdrawn"):
        return set()
    return {name for affected in advisory.get("affected", ()) if (name := _name(affected))}


def _name(affected: Mapping[str, Any]) -> str | None:
    package = affected.get("package", {})
    return str(canonicalize_name(package["name"])) if package.get("ecosystem") == "PyPI" else None


def _ranges(affected: Mapping[str, Any]) -> Iterator[list[Mapping[str, str]]]:
    """The events of ranges of versions; what git commits say cannot be compared with a version."""
    for one in affected.get("ranges", ()):
        if one["type"] in {"ECOSYSTEM", "SEMVER"}:
            yield one["events"]


def _within(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    within = False
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
                # "0" stands for whatever came first, development releases too
                yield kind, Version("0.dev0" if text == "0" else text)
            except InvalidVersion:
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
    text = str(advisory.get("summary") or advisory.get("details") or "").strip().splitlines()
    return Finding(
        *key,
        advisory=advisory["id"],
        aliases=tuple(sorted(advisory.get("aliases", ()))),
        fixed_in=tuple(sorted(fixes)),
        summary=text[0][:160] if text else "",
        locks=tuple(sorted(set(locks))),
    )


def audit(path: Path, locks: Iterable[Path], at: date) -> list[Finding]:
    """Say what is known against the locks, and return what nobody accepted.

    Args:
        path: the snapshot.
        locks: lock files.
        at: the day by which acceptances end.
    """
    snapshot = read_snapshot(path)
    found = findings(locks, snapshot)
    left = open_findings(found, load_accepted(), at)
    print(f"{snapshot.count} advisories 条通告, newest 最新 {snapshot.newest:%Y-%m-%d}")
    if (age := (at - snapshot.newest.date()).days) > _OLD:
        print(f"! the snapshot is {age} days old 通告快照已过 {age} 天 → lay down a newer one", file=sys.stderr)
    for finding in left:
        print(f"✘ {finding}")
    print(f"{len(left)} open 未处理, {len(found) - len(left)} accepted 已接受")
    return left


_OLD = 30
"""Days after which a snapshot is called old."""


def main() -> None:
    """Exit code 1 where something is known and not accepted, 2 without a readable snapshot; none given is said loudly."""
    if len(sys.argv) < 2:
        print(
            "! NOT AUDITED 未审计: no snapshot of advisories 没有漏洞通告快照\n"
            "→ make audit ADVISORIES=folder-or-zip (docs/explanation/supply-chain.md)",
            file=sys.stderr,
        )
        return
    try:
        left = audit(Path(sys.argv[1]), lock_paths(PROJECT_ROOT, apart=True), datetime.now().astimezone().date())
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
