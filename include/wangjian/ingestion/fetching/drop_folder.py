"""Connector `drop_folder`: land the files that monitoring providers deliver into a folder (contract of `third_party`).

<drop>/<provider>/<YYYY-MM>/                       a month's delivery
<drop>/<provider>/special-<YYYYMMDD>-<task_no>/    an ad-hoc delivery
"""

from __future__ import annotations

import os
import re
import stat
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from wangjian.core.errors import BadArguments, BadDelivery, SourceError, SourceUnavailable
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.fetch import FetchReport, FetchRequest, Progress
from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest, Role
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.provider import FileName, Provider, load_providers
from wangjian.ingestion.sources.registry import TIMEZONE, Source

DONE = "DONE"
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
SPECIAL = re.compile(r"special-(\d{8})-([A-Za-z0-9_.-]+)")
CHUNK = 1 << 20
DEEPEST = 8
"""The deepest nesting of evidence folders that is read. Providers have one or two levels; the bound stops endless ones."""


@dataclass(frozen=True)
class Delivery:
    """One complete delivery folder.

    Attributes:
        name: empty for a month's delivery; for an ad-hoc delivery the folder's name.
        delivered_at: the time in the first line of the file `DONE`; null where it has none.
    """

    provider: Provider
    folder: Path
    name: str
    business_date: date
    delivered_at: datetime | None


@dataclass(frozen=True)
class DroppedFile:
    """A file to land, with its place in the manifest."""

    path: Path
    dataset: str
    part: str
    role: Role
    version: int


def fetch(
    source: Source,
    endpoint: Endpoint,
    request: FetchRequest,
    landing: Landing,
    report: FetchReport,
    progress: Progress,
) -> None:
    """Land the complete deliveries of the requested dates; add failures to the report.

    Raises:
        SourceError: the drop folder itself cannot be read.
    """
    first = request.date_from - timedelta(days=request.look_back)
    todo = [
        delivery
        for delivery in deliveries(_root(endpoint), report)
        if first <= delivery.business_date <= request.date_to
    ]
    known = _known_names(source.source, landing) if not request.refetch else set()
    for done, delivery in enumerate(todo):
        progress(f"{delivery.provider.provider} {delivery.folder.name}", done, len(todo))
        try:
            _land_delivery(source, delivery, request, landing, report, known)
        except SourceError as error:
            report.failures.append(error)
    progress(source.source, len(todo), len(todo))


def deliveries(root: Path, report: FetchReport) -> Iterator[Delivery]:
    """Yield every complete delivery in the drop folder, in a fixed order; warn about folders that nothing describes."""
    providers = load_providers()
    # links are skipped: they could lead out of the drop folder. Without DONE the provider is still writing
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink()):
        if folder.name not in providers:
            report.warn(
                f"{folder.name}/: there is no provider of that name; describe it in providers/{folder.name}.yml"
            )
            continue
        for inner in sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()):
            if (inner / DONE).is_file() and (delivery := _delivery(providers[folder.name], inner, report)):
                yield delivery


def _delivery(provider: Provider, folder: Path, report: FetchReport) -> Delivery | None:
    if month := MONTH.fullmatch(folder.name):
        year, number = int(month[1]), int(month[2])
        return Delivery(provider, folder, "", date(year, number, monthrange(year, number)[1]), _delivered_at(folder))
    if special := SPECIAL.fullmatch(folder.name):
        try:
            day = datetime.strptime(special[1], "%Y%m%d").date()  # noqa: DTZ007  a calendar date has no zone
            return Delivery(provider, folder, folder.name, day, _delivered_at(folder))
        except ValueError:
            pass
    report.warn(
        f"{provider.provider}/{folder.name}/: the folder's name is neither YYYY-MM nor special-YYYYMMDD-TASK; it was not fetched"
    )
    return None


def _delivered_at(folder: Path) -> datetime | None:
    with (folder / DONE).open("rb") as file:
        # bounded, because the file may hold anything; without a readable time the delivery still counts
        line = file.readline(200).decode("ascii", errors="replace").strip()
    try:
        moment = datetime.fromisoformat(line)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(TIMEZONE))


def _land_delivery(
    source: Source,
    delivery: Delivery,
    request: FetchRequest,
    landing: Landing,
    report: FetchReport,
    known: set[tuple[str, str, int]],
) -> None:
    exports: dict[tuple[str, int], list[DroppedFile]] = defaultdict(list)
    for file in _files(delivery, report):
        name = _original_name(delivery, file)
        is_known = (file.dataset, name, file.path.lstat().st_size) in known
        report.exports_known += is_known
        if not is_known and (request.wants(file.dataset) or file.role != "data"):
            exports[file.dataset, file.version].append(file)
    for (dataset, version), files in sorted(exports.items()):
        key = ExportKey(
            source=source.source,
            provider=delivery.provider.provider,
            dataset=dataset,
            business_date=delivery.business_date,
            delivery=delivery.name,
            mode="append",
            version=version,
        )
        landed = tuple(_land(delivery, file, landing, source.drop.max_file_bytes) for file in files)
        manifest = Manifest(key=key, files=landed)
        report.landed(manifest, is_new=landing.commit(manifest))


def _files(delivery: Delivery, report: FetchReport) -> Iterator[DroppedFile]:
    for path in sorted(delivery.folder.iterdir()):
        if path.name == DONE:
            yield DroppedFile(path, "marker", DONE, "marker", 1)
        elif path.name == delivery.provider.evidence_folder and path.is_dir() and not path.is_symlink():
            yield from _evidence(path, delivery, report)
        elif path.is_file() and (name := delivery.provider.recognise(path.name)) and _is_of(name, delivery):
            yield DroppedFile(path, name.layout.dataset, path.name, name.layout.role, name.version)
        else:
            report.warn(
                f"{_shown(path, delivery)}: its name fits no file layout of this provider and period; it was not fetched"
            )


def _is_of(name: FileName, delivery: Delivery) -> bool:
    day = delivery.business_date
    return name.period in (f"{day:%Y%m}", f"{day:%Y%m%d}")


def _evidence(folder: Path, delivery: Delivery, report: FetchReport) -> Iterator[DroppedFile]:
    for path in _below(folder, DEEPEST, delivery, report):
        name = str(path.relative_to(folder))
        if _is_text(name):
            yield DroppedFile(path, "evidence", name, "evidence", 1)
        else:
            report.warn(f"{_shown(path, delivery)}: its name is not UTF-8; it was not fetched")


def _below(folder: Path, depth: int, delivery: Delivery, report: FetchReport) -> Iterator[Path]:
    """Yield the files in a folder and its subfolders. Links to folders are skipped: they could lead out of the drop folder."""
    if not depth:
        report.warn(f"{_shown(folder, delivery)}/: nested more than {DEEPEST} folders deep; it was not fetched")
        return
    for path in sorted(folder.iterdir()):
        if not path.is_dir():
            yield path
        elif not path.is_symlink():
            yield from _below(path, depth - 1, delivery, report)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _known_names(source: str, landing: Landing) -> set[tuple[str, str, int]]:
    exports = landing.exports(source)
    return {(export.key.dataset, file.original_name, file.byte_size) for export in exports for file in export.files}


def _original_name(delivery: Delivery, file: DroppedFile) -> str:
    folder = f"{delivery.provider.provider}/{delivery.folder.name}"
    inner = f"{delivery.provider.evidence_folder}/" if file.role == "evidence" else ""
    return f"{folder}/{inner}{file.part}"


def _land(delivery: Delivery, file: DroppedFile, landing: Landing, limit: int) -> LandedFile:
    with _opened(file.path, delivery) as opened:
        stored = landing.put(_bounded(opened, limit, _shown(file.path, delivery)))
    return LandedFile(
        part=file.part,
        role=file.role,
        original_name=_original_name(delivery, file),
        fetched_at=datetime.now(UTC),
        delivered_at=delivery.delivered_at,
        sha256=stored.sha256,
        byte_size=stored.byte_size,
    )


def _bounded(file: BinaryIO, limit: int, name: str) -> Iterator[bytes]:
    """Yield the file in pieces; refuse a file above the limit before reading, and a growing file once it passes the limit."""
    size = os.fstat(file.fileno()).st_size
    while size <= limit:
        piece = file.read(CHUNK)
        if not piece:
            return
        yield piece
        size = max(size, file.tell())
    raise BadDelivery(f"a file is larger than {limit} bytes", file=name, fix="raise drop.max_file_bytes")


def _opened(path: Path, delivery: Delivery) -> BinaryIO:
    """Open a plain file; refuse a symbolic link, which could lead out of the drop folder, and a pipe or device, which never ends."""
    try:
        # O_NONBLOCK: opening a pipe would otherwise wait for a writer, for ever
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise _unreadable(error.strerror or str(error), path, delivery) from None
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise _unreadable("a pipe, socket or device", path, delivery)
    return file


def _unreadable(why: str, path: Path, delivery: Delivery) -> BadDelivery:
    return BadDelivery(
        f"a file cannot be read: {why}",
        file=_shown(path, delivery),
        fix="the provider must deliver plain files: no links, pipes or devices",
    )


def _shown(path: Path, delivery: Delivery) -> str:
    return f"{delivery.provider.provider}/{delivery.folder.name}/{path.relative_to(delivery.folder)}"


def _root(endpoint: Endpoint) -> Path:
    path = str(endpoint.extra.get("path", ""))
    if not path:
        raise BadArguments(
            "the connection has no path", connection=endpoint.connection_id, fix='set its extra to {"path": "…"}'
        )
    root = Path(path)
    if not root.is_dir():
        raise SourceUnavailable(
            "the drop folder does not exist", folder=path, fix="mount it, or correct the path in the connection"
        )
    return root
