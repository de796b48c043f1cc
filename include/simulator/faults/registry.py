"""What a fault is, which there are, and which are switched on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar, cast

logger = logging.getLogger(__name__)

# where a fault strikes: the server's answers, the versions of an export, an export's rows, a CSV table, a page, a workbook, a folder of evidence, the bytes as
# written (the control file fits them), the control file itself, the bytes on their way (the control file no longer fits)
Stage = Literal["server", "versions", "rows", "table", "page", "book", "evidence", "bytes", "control", "transit"]
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        source: the system that it strikes.
        dataset: the dataset, with the provider before it for the third party (`tp_a.leads`); empty where all are struck.
        told: what happens, zh | en.
        change: what is made of the thing that is struck; the server sees to faults of its own.
    """

    name: str
    source: str
    dataset: str
    stage: Stage
    told: str
    change: Callable[[Any], Any]


FAULTS: dict[str, Fault] = {}


def fault(source: str, dataset: str, stage: Stage, told: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a change as a fault, named after its function."""

    def register(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = change.__name__
        if name in FAULTS:
            raise ValueError(f"two faults named {name}")
        FAULTS[name] = Fault(name, source, dataset, stage, told, change)
        return change

    return register


def server_fault(source: str, name: str, told: str) -> None:
    """Register a fault that the server itself plays."""
    FAULTS[name] = Fault(name, source, "", "server", told, lambda thing: thing)


class Faults:
    """The faults that are switched on.

    Args:
        names: `name`, or `name@YYYY-MM-DD` for one business date only.

    Raises:
        ValueError: a name or a date is not known.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = frozenset(names)
        self._days: dict[str, set[date | None]] = {}
        for given in self.names:
            name, _, day = given.partition("@")
            self._days.setdefault(name, set()).add(date.fromisoformat(day) if day else None)
        if unknown := sorted(self._days.keys() - FAULTS.keys()):
            raise ValueError(f"unknown faults {unknown}; there are {sorted(FAULTS)}")

    def __contains__(self, name: str) -> bool:
        """Whether a fault of the server is on."""
        return name in self._days

    def strike(self, stage: Stage, dataset: str, day: date, thing: Thing) -> Thing:
        """Change a thing by every fault that is on for it, in the order of their names.

        Args:
            stage: where the thing is on its way.
            dataset: the dataset, with its source before it: `jiangxi.leads`, `third_party.tp_a.leads`.
            day: the business date.
            thing: rows, a table, bytes, …

        Returns:
            The changed thing; the same one where no fault is on.
        """
        for name in sorted(self._days):
            found = FAULTS[name]
            is_struck = found.stage == stage and f"{found.source}.{found.dataset}" == dataset
            if is_struck and self._days[name] & {None, day}:
                thing = _changed(name, found, day, thing)
        return thing


def _changed(name: str, found: Fault, day: date, thing: Thing) -> Thing:
    """The changed thing; the same one, and a word about it, on a day with no row to change."""
    try:
        return cast(Thing, found.change(thing))
    except IndexError:
        logger.warning("fault %s does not strike: %s.%s has too few rows on %s", name, found.source, found.dataset, day)
        return thing


NONE = Faults()
"""A day like any other."""
