"""List the landed datasets whose personal data is older than the retention period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from wangjian.core.clock import now
from wangjian.core.paths import DataRoot
from wangjian.core.retention import load_retention
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.contract import Dataset, load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state.erasures import erasures


@dataclass(frozen=True)
class Due:
    """A dataset with personal columns that has exports to erase.

    Attributes:
        exports: the number of exports that are older than the period and not erased.
        oldest: the earliest business date of these exports.
        before: the date for the request: exports of earlier dates are to be erased.
    """

    source: str
    dataset: str
    exports: int
    oldest: date
    before: date


def due(data: DataRoot, today: date | None = None) -> list[Due]:
    """Return the datasets with personal data whose retention period is over (个人信息保护法 art. 19, 47).

    Args:
        data: the data root.
        today: the day to count from; the current day if null.

    Returns:
        One entry for each source and dataset. `retention.yml` gives the period in whole months before the current one.
    """
    before = _months_before(today or now().date(), load_retention().personal_data.months)
    landing = Landing(data.landing)
    return [
        Due(source, name, len(dates), min(dates), before)
        for source in load_registry()
        for name, dataset in load_contract(source).items()
        if _is_personal(dataset) and (dates := list(_dates(data, landing, dataset, before)))
    ]


def _months_before(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)


def _is_personal(dataset: Dataset) -> bool:
    # Hashed and dropped columns count too: landing still has their values in clear.
    return any(column.personal or column.on_parse != "keep" for column in dataset.columns)


def _dates(data: DataRoot, landing: Landing, dataset: Dataset, before: date) -> Iterator[date]:
    """Yield the business dates of the exports that are due."""
    # Manifests stay after an erasure. Without this lower bound every erased export would be due again. An erasure of one provider
    # does not count: it left the others.
    done = [
        item.before
        for item in erasures(data)
        if item.step == "DONE"
        and item.before
        and not item.provider
        and (item.source, item.dataset) == (dataset.source, dataset.name)
    ]
    first = max(done, default=date.min)
    for path in landing.manifests(dataset.source, dataset.name):
        if first <= (day := date.fromisoformat(path.name[:10])) < before:
            yield day
