"""Connector `sftp_export`: fetch CSV and control files from one folder per business date, as the Jiangxi platform writes them."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar, cast

import asyncssh
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from wangjian.core.errors import BadDelivery, NotReady, SourceError, SourceRefused, SourceUnavailable
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.fetch import FetchReport, FetchRequest, Progress, log_retry
from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest, Mode, Role
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import Source

NAME = re.compile(r"(?P<prefix>[a-z]+)_(?P<dataset>[a-z_]+)_(?P<date>\d{8})_(?P<seq>\d{2,4})\.(?P<kind>csv|ctl)")
READY = "_READY"
LARGE = 64 * 2**20
"""The size in bytes from which files are fetched one by one, since a whole file is held in memory."""

# at its usual level asyncssh logs a dozen lines for every connection
asyncssh.set_log_level("WARNING")
ROLES: dict[str, Role] = {"csv": "data", "ctl": "control"}

T = TypeVar("T")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a date's folder whose name follows the contract."""

    dataset: str
    business_date: date
    seq: int
    kind: str
    name: str
    size: int

    @property
    def export(self) -> tuple[str, date, int]:
        return self.dataset, self.business_date, self.seq


def fetch(
    source: Source,
    endpoint: Endpoint,
    request: FetchRequest,
    landing: Landing,
    report: FetchReport,
    progress: Progress,
) -> None:
    """Fetch the files of complete folders of the requested dates that are not landed; add failures to the report."""
    asyncio.run(_fetch(source, endpoint, request, landing, report, progress))


async def _fetch(
    source: Source,
    endpoint: Endpoint,
    request: FetchRequest,
    landing: Landing,
    report: FetchReport,
    progress: Progress,
) -> None:
    # surrogateescape: a name that is not UTF-8 must not stop the listing; it is skipped like other unknown names
    async with (
        await _connect(source, endpoint) as connection,
        connection.start_sftp_client(path_errors="surrogateescape") as sftp,
    ):
        session = _Session(source, sftp, asyncio.Semaphore(source.sftp.parallel_files))
        folders = await session.folders(request)
        listed = await asyncio.gather(*(session.files(day, report) for day in folders))
        exports = _by_export(file for files in listed for file in files if request.wants(file.dataset))
        todo = exports if request.refetch else _not_landed(exports, source.source, landing)
        report.exports_known += len(exports) - len(todo)
        await _fetch_all(session, todo, landing, report, progress)
    # last: the exports that exist are landed even when the last day is missing
    report.failures += _missing(source, request, listed, folders)


async def _fetch_all(
    session: _Session,
    todo: dict[tuple[str, date, int], list[RemoteFile]],
    landing: Landing,
    report: FetchReport,
    progress: Progress,
) -> None:
    async def one(files: list[RemoteFile]) -> None:
        try:
            manifest = await session.export(files, landing)
            report.landed(manifest, is_new=landing.commit(manifest))
        except SourceError as error:
            report.failures.append(error)
        done = report.exports_new + len(report.failures)
        progress(session.source.source, done, len(todo))

    # wait for all before the first error is raised: tasks that are cancelled would each report an error of their own
    for ended in await asyncio.gather(*(one(files) for files in todo.values()), return_exceptions=True):
        if ended is not None:
            raise ended


def _by_export(files: Iterable[RemoteFile]) -> dict[tuple[str, date, int], list[RemoteFile]]:
    exports: dict[tuple[str, date, int], list[RemoteFile]] = defaultdict(list)
    for file in files:
        exports[file.export].append(file)
    return dict(sorted(exports.items()))


def _not_landed(
    exports: dict[tuple[str, date, int], list[RemoteFile]], source: str, landing: Landing
) -> dict[tuple[str, date, int], list[RemoteFile]]:
    """Return the exports with a file whose name and size are not landed.

    A file that changed under the same name is fetched too, so that the conflict becomes visible.
    """
    landed = {
        (manifest.key.dataset, file.part, file.byte_size)
        for manifest in landing.exports(source, dates={business_date for _, business_date, _ in exports})
        for file in manifest.files
    }
    return {
        export: files
        for export, files in exports.items()
        if any((file.dataset, file.name, file.size) not in landed for file in files)
    }


def _missing(
    source: Source, request: FetchRequest, listed: list[list[RemoteFile]], folders: list[date]
) -> list[SourceError]:
    if not request.demand_last_day:
        return []
    there = {file.dataset for files in listed for file in files if file.business_date == request.date_to}
    absent = [dataset for dataset in source.daily if request.wants(dataset) and dataset not in there]
    if not absent:
        return []
    state = f"has no {READY} yet, or lacks files" if request.date_to in folders else "does not exist"
    return [
        NotReady(
            f"the folder of the day {state}",
            source=source.source,
            date=request.date_to,
            datasets=", ".join(absent),
            fix="the next attempt looks again; ask the source if the export does not come",
        )
    ]


class _Session:
    """One SFTP session with a bounded number of parallel requests."""

    def __init__(self, source: Source, sftp: asyncssh.SFTPClient, limit: asyncio.Semaphore) -> None:
        self.source = source
        self._sftp = sftp
        self._limit = limit
        self._large = asyncio.Lock()

    async def folders(self, request: FetchRequest) -> list[date]:
        """Return the requested dates that have a folder."""
        first = request.date_from - timedelta(days=request.look_back)
        names = await self._patiently(lambda: self._listed(self.source.sftp.folder))
        dates = [day for name in names if (day := _folder_date(name))]
        return sorted(day for day in dates if first <= day <= request.date_to)

    async def files(self, day: date, report: FetchReport) -> list[RemoteFile]:
        """Return the contract's files in a complete folder; none of a folder that is still being written."""
        folder = f"{self.source.sftp.folder}/{day:%Y%m%d}"
        names = await self._patiently(lambda: self._listed(folder))
        # the source writes this file last: without it the others may be incomplete
        if READY not in names:
            return []
        return [file for name, size in sorted(names.items()) if (file := _remote(self.source, name, size, day, report))]

    async def _listed(self, folder: str) -> dict[str, int]:
        """Return the sizes of a folder's files by name."""
        names: dict[str, int] = {}
        most, count = self.source.sftp.max_entries, 0
        async for entry in self._sftp.scandir(folder):
            count += 1
            if count > most:
                raise BadDelivery(f"a folder has more than {most} files", file=folder, fix="raise sftp.max_entries")
            names[str(entry.filename)] = entry.attrs.size or 0
        return names

    async def export(self, files: list[RemoteFile], landing: Landing) -> Manifest:
        """Land the files of one export, and return its manifest."""
        first = files[0]
        landed = [await self._land(file, landing) for file in files]
        key = ExportKey(
            source=self.source.source,
            dataset=first.dataset,
            business_date=first.business_date,
            mode=_mode(self.source.source, first.dataset),
            version=first.seq,
        )
        return Manifest(key=key, files=tuple(landed))

    async def _land(self, file: RemoteFile, landing: Landing) -> LandedFile:
        path = f"{self.source.sftp.folder}/{file.business_date:%Y%m%d}/{file.name}"
        limit = self.source.sftp.max_file_bytes
        if file.size > limit:
            raise BadDelivery(f"a file is larger than {limit} bytes", file=path, fix="raise sftp.max_file_bytes")
        # a whole file is held in memory, so large files are read one at a time
        async with self._large if file.size > LARGE else nullcontext():
            content = await self._patiently(lambda: self._read(path, file.size))
        # in a thread: the sync to disk would stop all other transfers meanwhile
        stored = await asyncio.to_thread(landing.put_bytes, content)
        return LandedFile(
            part=file.name,
            role=ROLES[file.kind],
            original_name=path,
            fetched_at=datetime.now(UTC),
            sha256=stored.sha256,
            byte_size=stored.byte_size,
        )

    async def _read(self, path: str, size: int) -> bytes:
        """Return a file's content. The size comes from the listing: to ask again would cost a round trip for each file."""
        async with self._sftp.open(path, "rb") as file:
            return cast("bytes", await file.read(size, 0))

    async def _patiently(self, action: Callable[[], Awaitable[T]]) -> T:
        async with self._limit:
            try:
                return await asyncio.wait_for(action(), self.source.retries.timeout_seconds)
            except asyncssh.SFTPNoSuchPath as error:
                raise SourceUnavailable(
                    f"a path no longer exists: {error}",
                    source=self.source.source,
                    fix="the source moved or removed it; the next run looks again",
                ) from None
            except (asyncssh.Error, OSError, TimeoutError) as error:
                raise SourceUnavailable(
                    f"a transfer was interrupted: {type(error).__name__} {error}",
                    source=self.source.source,
                    fix="landed files stay; the next run fetches the rest",
                ) from None


async def _connect(source: Source, endpoint: Endpoint) -> asyncssh.SSHClientConnection:
    """Log in, with retries while the server does not answer. A wrong host key or login is never retried."""
    retries = source.retries
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(SourceUnavailable),
        stop=stop_after_attempt(retries.attempts),
        wait=wait_random_exponential(multiplier=0.2, max=retries.longest_wait_seconds),
        before_sleep=log_retry,
        reraise=True,
    ):
        with attempt:
            return await _connect_once(source, endpoint)
    raise AssertionError("unreachable")


async def _connect_once(source: Source, endpoint: Endpoint) -> asyncssh.SSHClientConnection:
    where = {"source": source.source, "connection": endpoint.connection_id, "host": endpoint.host}
    try:
        return await asyncssh.connect(
            endpoint.host,
            endpoint.port or 22,
            username=endpoint.login,
            password=endpoint.password or None,
            client_keys=_client_keys(endpoint),
            known_hosts=_known_hosts(endpoint),
            connect_timeout=source.retries.timeout_seconds,
            # asyncssh computes ChaCha20 in Python; AES-GCM comes from OpenSSL and is far faster
            encryption_algs="^aes256-gcm@openssh.com",
            # the account's own ~/.ssh/config must not change host, login or keys
            config=None,
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise SourceRefused(
            f"the server's host key differs from the key in the connection: {error}",
            fix="ask the source whether its key changed, then correct `host_key` in the connection's extra",
            **where,
        ) from None
    except asyncssh.PermissionDenied as error:
        raise SourceRefused(f"the login is refused: {error}", fix="check login and key or password", **where) from None
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise SourceUnavailable(
            f"no connection: {type(error).__name__} {error}",
            fix="the next run tries again; if it lasts, check host, port and firewall",
            **where,
        ) from None


def _known_hosts(endpoint: Endpoint) -> asyncssh.SSHKnownHosts:
    key = str(endpoint.extra.get("host_key", "")).strip()
    if not key:
        raise SourceRefused(
            "the connection has no host key",
            connection=endpoint.connection_id,
            fix=f"check the line of `ssh-keyscan -p {endpoint.port or 22} {endpoint.host}` with the source, and put it "
            'into the extra: {"host_key": "ssh-ed25519 AAAA…"}',
        )
    # `*`: the connection has one server, so the key must match under any name or address of it
    return asyncssh.import_known_hosts(f"* {key}\n")


def _client_keys(endpoint: Endpoint) -> list[asyncssh.SSHKey] | None:
    text = endpoint.extra.get("private_key")
    return [asyncssh.import_private_key(str(text))] if text else None


def _folder_date(name: str) -> date | None:
    try:
        return datetime.strptime(name, "%Y%m%d").date()  # noqa: DTZ007  a calendar date has no zone
    except ValueError:
        return None


def _remote(source: Source, name: str, size: int, day: date, report: FetchReport) -> RemoteFile | None:
    if name in (READY, ".", ".."):
        return None
    match = NAME.fullmatch(name)
    if not match or match["prefix"] != source.sftp.prefix or match["dataset"] not in load_contract(source.source):
        report.warn(f"{day:%Y%m%d}/{name}: the contract has no dataset with such a file name; it was not fetched")
        return None
    if match["date"] != f"{day:%Y%m%d}":
        report.failures.append(_wrong_date(name, day, source.source))
        return None
    return RemoteFile(match["dataset"], day, int(match["seq"]), match["kind"], name, size)


def _wrong_date(name: str, day: date, source: str) -> SourceError:
    return BadDelivery(
        f"the folder {day:%Y%m%d} holds a file of another date",
        source=source,
        file=name,
        date=day,
        fix="the source must move it to the folder of its own date",
    )


def _mode(source: str, dataset: str) -> Mode:
    return "full" if load_contract(source)[dataset].mode.startswith("full") else "delta"
