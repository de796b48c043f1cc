"""The request of a backfill, which is validated before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from wangjian.core.errors import BadArguments
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry

Mode = Literal["fetch", "reparse", "rebuild"]


class BackfillRequest(BaseModel):
    """One backfill.

    Attributes:
        sources: the codes of the sources.
        datasets: the datasets to process; all if empty.
        mode: `fetch` what is not landed, then parse and build; `reparse` the landed bytes of the range, then build; `rebuild`
            from what is parsed.
        refetch: whether to ask the sources also for what is landed; equal bytes land once.
        chunk_days: how many days to ask a source for at a time.
        reason: why; kept in the run log.
        hold: whether publication waits for approval.
    """

    # a misspelt field must be an error: ignored, the backfill would do something else than asked
    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...]
    datasets: tuple[str, ...] = ()
    date_from: date
    date_to: date
    mode: Mode = "fetch"
    refetch: bool = False
    chunk_days: int = 31
    reason: str = ""
    hold: bool = False

    def require_sound(self) -> None:
        """Raise an error if the request contradicts itself or names something unknown.

        Raises:
            BadArguments: dates reversed, an unknown source or dataset, no reason, a chunk of no days.
        """
        if self.date_from > self.date_to:
            raise BadArguments(
                "the dates are reversed", date_from=self.date_from, date_to=self.date_to, fix="give the earlier first"
            )
        if unknown := sorted(set(self.sources) - load_registry().keys()):
            raise BadArguments(
                f"unknown sources {unknown}", fix=f"choose from {', '.join(load_registry())}", sources=self.sources
            )
        known = {name for source in self.sources for name in load_contract(source)}
        if strange := sorted(set(self.datasets) - known):
            raise BadArguments(f"unknown datasets {strange}", fix=f"choose from {', '.join(sorted(known))}")
        # the reason is the only trace of why figures of the past have changed
        if not self.reason.strip():
            raise BadArguments("a backfill needs a reason", fix='say why with --reason "…"; it is kept in the run log')
        if self.chunk_days < 1:
            raise BadArguments("a chunk has at least one day", chunk_days=self.chunk_days, fix="give 1 or more")

    @property
    def summary(self) -> str:
        """What the backfill does, in one line, for a process that waits for it."""
        return f"backfill {', '.join(self.sources)} from {self.date_from} to {self.date_to} ({self.reason})"

    def wants(self, dataset: str) -> bool:
        """Return whether the request includes a dataset."""
        return not self.datasets or dataset in self.datasets

    def chunks(self) -> Iterator[tuple[date, date]]:
        """Yield the range in pieces of `chunk_days`, each as (first, last), in order."""
        first = self.date_from
        while first <= self.date_to:
            last = min(first + timedelta(days=self.chunk_days - 1), self.date_to)
            yield first, last
            first = last + timedelta(days=1)

    @property
    def months(self) -> tuple[str, ...]:
        """The months that the range touches, `YYYY-MM`."""
        days = range((self.date_to - self.date_from).days + 1)
        return tuple(sorted({f"{self.date_from + timedelta(days=day):%Y-%m}" for day in days}))
