"""Fetch exports into the landing zone: the request, the report, and the choice of the connector."""

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
"""A function that is called with a label, the number of finished items, and their total (null if unknown)."""


@dataclass(frozen=True)
class FetchRequest:
    """What to fetch.

    Attributes:
        date_from: the first business date.
        date_to: the last business date; later exports are not fetched.
        datasets: the datasets to fetch; null for all.
        refetch: whether to fetch landed exports again; equal content is still stored only once.
        look_back: the number of days before `date_from` for which late and regenerated exports are fetched too.
        demand_last_day: whether the fetch fails as not ready when a daily dataset has no export for `date_to`.
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
    """The result of a fetch. It collects failures, so that one bad export does not stop the others."""

    source: str
    exports_new: int = 0
    exports_known: int = 0
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    failures: list[SourceError] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Add a message that a person should read. It may contain names from outside, so it is made printable."""
        self.warnings.append(printable(text))

    def landed(self, manifest: Manifest, *, is_new: bool) -> None:
        """Count an export that is completely landed."""
        self.exports_new += is_new
        self.exports_known += not is_new
        self.files += len(manifest.files)
        self.bytes += sum(file.byte_size for file in manifest.files)


class Connector(Protocol):
    """The function that each connector module has."""

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
    """Fetch the requested exports that are not landed yet.

    Args:
        source: the source's entry in the registry.
        request: what to fetch.
        landing: the landing zone that takes the files.
        progress: called when an item is finished.
        endpoint: address and login; by default those of the source's connection.

    Returns:
        The numbers and warnings of the fetch.

    Raises:
        SourceError: some exports could not be fetched. The others are landed; the next run fetches the rest.
    """
    started = time.monotonic()
    report = FetchReport(source.source)
    # by name, so that only the libraries of the source's own connector are imported
    connector: Connector = importlib.import_module(f"wangjian.ingestion.fetching.{source.connector}")
    endpoint = endpoint or resolve(source.connection_id)
    connector.fetch(source, endpoint, request, landing, report, progress or (lambda *_: None))
    report.seconds = time.monotonic() - started
    if report.failures:
        raise summary_of(report)
    return report


def log_retry(state: RetryCallState) -> None:
    """Log that a request failed and when it is sent again."""
    error = state.outcome.exception() if state.outcome else None
    seconds = round(state.next_action.sleep, 1) if state.next_action else 0
    _log.warning("try %s failed, again in %s s: %s", state.attempt_number, seconds, error)


def summary_of(report: FetchReport) -> SourceError:
    """Return one error that names up to five failures.

    It has the mildest kind of them all: the scheduler retries a source that is unavailable, but not one that refuses access. One refused
    export must not stop the retry of the others.
    """
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
