"""Connector `http_export`: fetch paged JSON exports with OAuth2 client credentials (contract of `five_level`)."""

from __future__ import annotations

import ipaddress
import re
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from wangjian.core.errors import BadArguments, BadDelivery, NotReady, SourceError, SourceRefused, SourceUnavailable
from wangjian.core.logs import bound, carried
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.fetch import FetchReport, FetchRequest, Progress, log_retry
from wangjian.ingestion.fetching.http_body import ACCEPTED, read_body
from wangjian.ingestion.landing.manifest import ExportKey, LandedFile, Manifest, Mode
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import Source

RESTARTS = 3
"""How often the fetch of one export starts again when the export changes meanwhile."""

MOST_PAGES = 100_000
"""The most pages that one export may have. With pages of the usual size that is five hundred million rows."""

# several threads add to one report
_COUNTING = threading.Lock()

ENVELOPE = ("dataset", "business_date", "mode", "export_seq", "generated_at", "page", "page_size", "total", "records")
# printable ASCII without blanks: only that can be put into the request's header
_TOKEN = re.compile(r"[!-~]{1,16384}")
# raw stores the version as a 32-bit integer
_GREATEST = 2**31 - 1


class _Changed(Exception):
    """The source generated the export again while it was being read."""

    def __init__(self, key: ExportKey) -> None:
        super().__init__(key)
        self.key = key


class _Again(SourceUnavailable):
    """The request failed and may be sent again at once, or after `retry_after` seconds where the server asked for it."""

    retry_after: float | None = None


@dataclass(frozen=True)
class Listed:
    """One entry of the source's list of exports."""

    dataset: str
    business_date: date
    mode: str
    export_seq: int


@dataclass(frozen=True)
class Page:
    """One page as received, with the values of its envelope."""

    content: bytes
    url: str
    mode: Mode
    export_seq: int
    generated_at: datetime
    page_size: int
    total: int
    record_count: int


def fetch(
    source: Source,
    endpoint: Endpoint,
    request: FetchRequest,
    landing: Landing,
    report: FetchReport,
    progress: Progress,
) -> None:
    """Fetch every listed export of the requested dates that is not landed; add failures to the report.

    Raises:
        SourceError: the list of exports cannot be read.
    """
    with Api(source, endpoint) as api:
        listed = _of_contract(api.exports(request.date_from - timedelta(days=request.look_back)), report)
        wanted = [item for item in listed if _is_wanted(item, request)]
        todo = wanted if request.refetch else _not_landed(wanted, source.source, landing)
        report.exports_known += len(wanted) - len(todo)
        # a backfill has thousands of exports with one page each: one after the other they would take hours
        with ThreadPoolExecutor(source.http.parallel_exports) as pool:
            jobs = [pool.submit(carried(_fetch_one), api, item, landing, report) for item in todo]
            for done, job in enumerate(as_completed(jobs), start=1):
                job.result()
                progress(source.source, done, len(todo))
    landing.forget_finished(source.source)
    # last: the exports that exist are landed even when the last day is missing
    report.failures += _missing(source, request, listed)


def _of_contract(listed: list[Listed], report: FetchReport) -> list[Listed]:
    """Return the exports of the contract's datasets. A dataset's name becomes a folder name, so no other name may pass."""
    known = load_contract(report.source)
    for unknown in sorted({item.dataset for item in listed} - known.keys()):
        report.warn(f"{unknown}: the contract has no dataset of that name; it was not fetched")
    return [item for item in listed if item.dataset in known]


def _is_wanted(item: Listed, request: FetchRequest) -> bool:
    first = request.date_from - timedelta(days=request.look_back)
    return request.wants(item.dataset) and first <= item.business_date <= request.date_to


def _not_landed(wanted: list[Listed], source: str, landing: Landing) -> list[Listed]:
    keys = (manifest.key for manifest in landing.exports(source, dates={item.business_date for item in wanted}))
    landed = {(key.dataset, key.business_date, key.version) for key in keys}
    return [item for item in wanted if (item.dataset, item.business_date, item.export_seq) not in landed]


def _missing(source: Source, request: FetchRequest, listed: list[Listed]) -> list[SourceError]:
    if not request.demand_last_day:
        return []
    there = {item.dataset for item in listed if item.business_date == request.date_to}
    return [
        NotReady(
            "the export is not generated yet",
            source=source.source,
            dataset=dataset,
            date=request.date_to,
            fix="the next attempt looks again; ask the source if the export does not come",
        )
        for dataset in source.daily
        if request.wants(dataset) and dataset not in there
    ]


def _fetch_one(api: Api, item: Listed, landing: Landing, report: FetchReport) -> None:
    try:
        with bound(dataset=item.dataset, date=item.business_date):
            manifest = fetch_export(api, item, landing)
    except SourceRefused:
        # the login is refused for every other export too
        raise
    except SourceError as error:
        report.failures.append(error)
    else:
        is_new = landing.commit(manifest)
        with _COUNTING:
            report.landed(manifest, is_new=is_new)


def fetch_export(api: Api, item: Listed, landing: Landing) -> Manifest:
    """Fetch all pages of one export; continue where an earlier fetch stopped.

    Returns:
        The manifest, not yet committed.

    Raises:
        SourceUnavailable: the export kept changing, or the source did not answer.
        BadDelivery: a page breaks the contract.
    """
    for _ in range(RESTARTS):
        try:
            manifest, is_whole = _pages_of_one_sequence(api, item, landing)
            if not is_whole:
                # a page may have been truncated on its way. If the sum is wrong again, the export is landed as it is,
                # and its control total fails in the build, where a person sees it
                landing.forget_progress(manifest.key)
                manifest, _ = _pages_of_one_sequence(api, item, landing)
            return manifest
        except _Changed as changed:
            # only here: while other pages are still being fetched, they would write new notes
            landing.forget_progress(changed.key)
    raise SourceUnavailable(
        f"the export changed {RESTARTS} times while it was read",
        source=api.source.source,
        dataset=item.dataset,
        date=item.business_date,
        fix="run again when the source has finished generating it",
    )


def _pages_of_one_sequence(api: Api, item: Listed, landing: Landing) -> tuple[Manifest, bool]:
    """Return the export, and whether its pages hold the declared number of records.

    Pages that an earlier fetch landed are not counted again: then the second value is true.
    """
    first = api.page(item.dataset, item.business_date, 1, api.source.http.page_size)
    key = ExportKey(
        source=api.source.source,
        dataset=item.dataset,
        business_date=item.business_date,
        mode=first.mode,
        version=first.export_seq,
    )
    files = _resume(landing, key, first)
    page_count = max(1, -(-first.total // first.page_size))
    counts = {1: first.record_count}
    missing = [number for number in range(2, page_count + 1) if _part(number) not in files]

    def land(number: int) -> LandedFile:
        page = api.page(item.dataset, item.business_date, number, first.page_size)
        # pages of two sequences in one export would lose some rows and repeat others
        if (page.export_seq, page.total, page.mode) != (first.export_seq, first.total, first.mode):
            raise _Changed(key)
        counts[number] = page.record_count
        return _land(landing, key, number, page)

    with ThreadPoolExecutor(api.source.http.parallel_pages) as pool:
        landed = list(pool.map(carried(land), missing))
    files |= {file.part: file for file in landed}
    is_whole = len(counts) < page_count or sum(counts.values()) == first.total
    return Manifest(key=key, files=tuple(files[_part(number)] for number in range(1, page_count + 1))), is_whole


def _resume(landing: Landing, key: ExportKey, first: Page) -> dict[str, LandedFile]:
    """Return the pages that an earlier fetch landed, if the first page is still the same.

    After a change of the page size the other pages would hold other rows.
    """
    known = landing.progress(key)
    fresh = _land(landing, key, 1, first)
    if known and known.get(fresh.part, fresh).sha256 != fresh.sha256:
        landing.forget_progress(key)
        known = {}
    return known | {fresh.part: fresh}


def _part(number: int) -> str:
    return f"p{number:04d}"


def _land(landing: Landing, key: ExportKey, number: int, page: Page) -> LandedFile:
    stored = landing.put_bytes(page.content)
    file = LandedFile(
        part=_part(number),
        original_name=page.url,
        fetched_at=datetime.now(UTC),
        delivered_at=page.generated_at,
        sha256=stored.sha256,
        byte_size=stored.byte_size,
    )
    landing.note_progress(key, file)
    return file


class Api:
    """A session with the export API: one connection pool, one token at a time, a bounded number of retries."""

    def __init__(self, source: Source, endpoint: Endpoint) -> None:
        self.source = source
        self._endpoint = endpoint
        self._token: str | None = None
        self._token_lock = threading.Lock()
        limits = httpx.Limits(max_connections=source.http.parallel_pages * source.http.parallel_exports)
        base = _base_url(endpoint)
        # redirects are not followed: a server must not be able to send the login to another host
        self._client = httpx.Client(
            base_url=base,
            timeout=source.retries.timeout_seconds,
            limits=limits,
            headers={"Accept-Encoding": ACCEPTED},
            follow_redirects=False,
        )

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def exports(self, changed_since: date) -> list[Listed]:
        """Return the exports that were generated or regenerated since the start of a day."""
        answer = self._get("/api/v1/exports", {"changed_since": f"{changed_since}T00:00:00+08:00"})
        try:
            return [_listed(item) for item in orjson.loads(answer.content)["exports"]]
        except (ValueError, KeyError, TypeError) as error:
            raise BadDelivery(
                f"the list of exports cannot be read: {error}",
                source=self.source.source,
                fix="report it to the source; the next run tries again",
            ) from error

    def page(self, dataset: str, business_date: date, number: int, page_size: int) -> Page:
        """Return one page with a checked envelope; a page that breaks the contract is requested a second time."""
        path = f"/api/v1/exports/{quote(dataset, safe='')}"
        query = {"business_date": str(business_date), "page": str(number), "page_size": str(page_size)}
        url = f"{path}?business_date={business_date}&page={number}&page_size={page_size}"
        for attempt in (1, 2):
            answer = self._get(path, query)
            try:
                return _page(answer.content, url, dataset, business_date, number, page_size)
            except BadDelivery:
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def _get(self, path: str, query: dict[str, str]) -> httpx.Response:
        retries = self.source.retries
        for attempt in Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(retries.attempts),
            wait=_patience(retries.longest_wait_seconds),
            before_sleep=log_retry,
            reraise=True,
        ):
            with attempt:
                return self._try(path, query)
        raise AssertionError("unreachable")

    def _try(self, path: str, query: dict[str, str]) -> httpx.Response:
        token = self._current_token()
        answer = self._send("GET", path, params=query, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._renew(token)
            raise _Again("the access token has expired", source=self.source.source, path=path)
        return self._accepted(answer, path, query)

    def _accepted(self, answer: httpx.Response, path: str, query: dict[str, str]) -> httpx.Response:
        where: dict[str, Any] = {"source": self.source.source, "path": path, **query}
        status = answer.status_code
        if status == httpx.codes.NOT_FOUND and b"NOT_READY" in answer.content:
            raise NotReady("the export is not generated yet", fix="wait: the next attempt looks again", **where)
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            raise _again(f"the server answers {status}", answer, where)
        if status != httpx.codes.OK:
            raise SourceRefused(
                f"the server answers {status}", fix="check the address and the client's permissions", **where
            )
        return answer

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request and read its answer within the limits of size and time."""
        where = {"source": self.source.source, "path": path}
        try:
            with self._client.stream(method, path, **options) as answer:
                # httpx reads a body without limits; it has no public way to set one that was read otherwise
                answer._content = read_body(
                    answer, self.source.http.max_page_bytes, self.source.retries.answer_seconds, **where
                )
                return answer
        except httpx.TransportError as error:
            raise _again(f"no answer: {type(error).__name__} {error}", None, where) from None

    def _current_token(self) -> str:
        with self._token_lock:
            if self._token is None:
                self._token = self._log_in()
            return self._token

    def _renew(self, expired: str) -> None:
        with self._token_lock:
            # parallel requests fail with the same token: only the first may discard it, not the new one of another thread
            if self._token == expired:
                self._token = None

    def _log_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._endpoint.login,
            "client_secret": self._endpoint.password,
        }
        answer = self._send("POST", "/oauth/token", data=form)
        where = {"source": self.source.source, "connection": self._endpoint.connection_id}
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.status_code >= 500:
            raise _again(f"the login answers {answer.status_code}", answer, where)
        if answer.status_code != httpx.codes.OK:
            raise SourceRefused(
                f"the login is refused ({answer.status_code})",
                fix="check login and password of the connection",
                **where,
            )
        if (token := _token_of(answer.content)) is None:
            raise SourceRefused("the login returns no usable token", fix="ask the source to check its login", **where)
        return token


def _token_of(content: bytes) -> str | None:
    """Return the access token; null where there is none that can be put into a header."""
    try:
        token = orjson.loads(content)["access_token"]
    except (ValueError, KeyError, TypeError):
        return None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None


def _again(what: str, answer: httpx.Response | None, where: dict[str, Any]) -> _Again:
    error = _Again(what, fix="several attempts failed; the next run continues from here", **where)
    after = answer.headers.get("Retry-After", "") if answer else ""
    error.retry_after = float(after) if after.isascii() and after.isdigit() else None
    return error


def _patience(longest: float) -> Any:
    """Return the wait between attempts: exponential backoff with jitter, or the server's longer Retry-After, up to a limit."""
    backoff = wait_random_exponential(multiplier=0.2, max=longest)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, _Again) and error.retry_after else 0.0
        return min(max(backoff(state), asked), longest)

    return wait


def _base_url(endpoint: Endpoint) -> str:
    scheme = endpoint.scheme or "https"
    # over plain HTTP the login and personal data would cross the network in clear text
    if scheme != "https" and not _is_loopback(endpoint.host):
        raise BadArguments(
            "plain HTTP is refused except on loopback",
            connection=endpoint.connection_id,
            host=endpoint.host,
            fix="set the connection's schema to https",
        )
    return f"{scheme}://{endpoint.host}" + (f":{endpoint.port}" if endpoint.port else "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(item: dict[str, Any]) -> Listed:
    return Listed(
        str(item["dataset"]), date.fromisoformat(item["business_date"]), str(item["mode"]), int(item["export_seq"])
    )


def _page(content: bytes, url: str, dataset: str, business_date: date, number: int, page_size: int) -> Page:
    where = {"url": url}
    try:
        body = orjson.loads(content)
    except ValueError as error:
        raise BadDelivery(f"a page is not JSON: {error}", fix="the source must fix its export", **where) from None
    if not isinstance(body, dict) or (absent := [name for name in ENVELOPE if name not in body]):
        raise BadDelivery(
            f"a page lacks {absent if isinstance(body, dict) else 'its envelope'}",
            fix="the source must fix its export; nothing of it was landed",
            **where,
        )
    asked, got = (dataset, str(business_date), number), (body["dataset"], body["business_date"], body["page"])
    if asked != got:
        raise BadDelivery(
            f"the page of another request came: asked for {asked}, got {got}",
            fix="the source must fix its export",
            **where,
        )
    try:
        page = Page(
            content,
            url,
            mode=body["mode"],
            export_seq=int(body["export_seq"]),
            generated_at=datetime.fromisoformat(body["generated_at"]),
            page_size=int(body["page_size"]),
            total=int(body["total"]),
            record_count=len(body["records"]),
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise BadDelivery(
            f"the fields around a page's records are malformed: {error}",
            fix="report it to the source; nothing of this export was landed",
            **where,
        ) from None
    if not isinstance(body["records"], list) or not _is_plausible(page, page_size):
        raise BadDelivery(
            f"a page's envelope is implausible: mode {page.mode}, export_seq {page.export_seq}, total {page.total}, "
            f"page_size {page.page_size}",
            fix="the source must fix its export",
            **where,
        )
    return page


def _is_plausible(page: Page, page_size: int) -> bool:
    """Return whether the numbers are within limits. Otherwise one page could make the fetch read for ever."""
    return (
        page.mode in ("full", "delta")
        and 0 <= page.export_seq <= _GREATEST
        and 1 <= page.page_size <= page_size
        and 0 <= page.total <= page.page_size * MOST_PAGES
    )
