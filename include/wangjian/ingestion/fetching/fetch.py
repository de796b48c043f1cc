"""Fetching exports into the landing zone: the request, the report, and the choice of the connector."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

from wangjian.core.errors import BadDelivery, NotReady, SourceError, SourceRefused, SourceUnavailable
from wangjian.core.printable import printable
from wangjian.ingestion.fetching.connection import Endpoint, resolve
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import Source

if TYPE_CHECKING:
    from tenacity import RetryCallState

_log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]
"""Called with a label, how much is done, and how much there is (or null)."""


@dataclass(frozen=True)
class FetchRequest:
    """What to fetch.

    Attributes:
        date_from: first business date.
        date_to: last business date; nothing beyond it is fetched.
        datasets: only these, or null for all.
        refetch: fetch again what is landed; equal bytes land once all the same.
        look_back: also take what was generated anew for dates up to this many days before `date_from`.
        demand_last_day: the daily datasets must have an export for `date_to`, or the fetch fails as not ready.
    """

    date_from: date
    date_to: date
    datasets: frozenset[str] | None = None
    refetch: bool = False
    look_back: int = 0
    demand_last_day: bool = True

    def wants(self, dataset: str) -> bool:
        return self.datasets is None or dataset in self.datasets


@dataclass
class FetchReport:
    """What a fetch did. Failures are collected, so that one bad export does not keep the others away."""

    source: str
    exports_new: int = 0
    exports_known: int = 0
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    failures: list[SourceError] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Note what a person should look at; names in it may come from anybody."""
        self.warnings.append(printable(text))

    def landed(self, manifest: Manifest, *, is_new: bool) -> None:
        """Count one export that is complete in landing."""
        self.exports_new += is_new
        self.exports_known += not is_new
        self.files += len(manifest.files)
        self.bytes += sum(file.byte_size for file in manifest.files)


class Connector(Protocol):
    """What each connector module offers."""

    def fetch(
        self,
        source: Source,
        endpoint: Endpoint,
        request: FetchRequest,
        landing: Landing,
        report: FetchReport,
        progress: Progress,
    ) -> None: ...


def fetch(
    source: Source,
    request: FetchRequest,
    landing: Landing,
    progress: Progress | None = None,
    *,
    endpoint: Endpoint | None = None,
) -> FetchReport:
    """Fetch a range of exports that are not landed yet.

    Args:
        source: from the registry.
        request: what to fetch.
        landing: where it goes.
        progress: told of the progress.
        endpoint: address and login; by default from the source's connection.

    Returns:
        What was done.

    Raises:
        SourceError: something could not be fetched; what came is landed, and the next run goes on from there.
    """
    started = time.monotonic()
    report = FetchReport(source.source)
    connector: Connector = importlib.import_module(f"wangjian.ingestion.fetching.{source.connector}")
    endpoint = endpoint or resolve(source.connection_id)
    connector.fetch(source, endpoint, request, landing, report, progress or (lambda *_: None))
    report.seconds = time.monotonic() - started
    if report.failures:
        raise summary_of(report)
    return report


def log_retry(state: RetryCallState) -> None:
    """Log that something did not come and is asked for again, after so many seconds."""
    error = state.outcome.exception() if state.outcome else None
    seconds = round(state.next_action.sleep, 1) if state.next_action else 0
    _log.warning("try %s failed, again in %s s: %s", state.attempt_number, seconds, error)


def summary_of(report: FetchReport) -> SourceError:
    """One error that names all failures; of the mildest kind, so that what may fix itself is tried again."""
    failures = report.failures
    kinds: tuple[type[SourceError], ...] = (SourceUnavailable, SourceRefused, BadDelivery, SourceError)
    kind = next(kind for kind in kinds if any(isinstance(failure, kind) for failure in failures))
    if all(isinstance(failure, NotReady) for failure in failures):
        kind = NotReady
    if len(failures) == 1:
        return failures[0]
    named = "; ".join(str(failure) for failure in failures[:5])
    more = f"; and {len(failures) - 5} more" if len(failures) > 5 else ""
    return kind(
        f"{len(failures)} exports failed: {named}{more}",
        source=report.source,
        fix=f"{report.exports_new} exports were landed; the next run fetches the rest",
    )
