"""The registry of faults: which exist, and which are switched on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar, cast

logger = logging.getLogger(__name__)

# the stage at which a fault applies: the server's answers, the versions of an export, an export's rows, a CSV table, a page, a workbook, a folder of evidence,
# the file as written (the control file fits it), the control file itself, the file in transfer (the control file no longer fits it)
Stage = Literal["server", "versions", "rows", "table", "page", "book", "evidence", "bytes", "control", "transit"]
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        source: the system that has the fault.
        dataset: the dataset, for the third party with the provider before it (`tp_a.leads`); empty for all datasets.
        description: what happens, zh | en.
        change: takes what the stage handles (a row, a table, the bytes of a file) and returns it with the fault. A fault of the stage `server` has none: the
            server acts on its name.
    """

    name: str
    source: str
    dataset: str
    stage: Stage
    description: str
    change: Callable[[Any], Any]


FAULTS: dict[str, Fault] = {}


def fault(
    source: str, dataset: str, stage: Stage, description: str
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Return a decorator that registers a change as a fault, named after its function."""

    def register(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = change.__name__
        if name in FAULTS:
            raise ValueError(f"there are two faults named {name}")
        FAULTS[name] = Fault(name, source, dataset, stage, description, change)
        return change

    return register


def server_fault(source: str, name: str, description: str) -> None:
    """Register a fault that the server itself carries out."""
    FAULTS[name] = Fault(name, source, "", "server", description, lambda thing: thing)


class Faults:
    """The faults that are switched on.

    Args:
        names: `name`, or `name@YYYY-MM-DD` for one business date only.

    Raises:
        ValueError: a name is unknown, or a date is not valid.
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
        """Return whether a fault is switched on, on any day."""
        return name in self._days

    def strike(self, stage: Stage, dataset: str, day: date, thing: Thing) -> Thing:
        """Return a thing with all faults that apply to it, in the order of their names.

        Args:
            stage: the stage at which the thing is.
            dataset: the dataset with its source: `jiangxi.leads`, `third_party.tp_a.leads`.
            day: the business date.
            thing: rows, a table, a file's content, …

        Returns:
            The changed thing; the same thing where no fault applies.
        """
        for name in sorted(self._days):
            fault = FAULTS[name]
            applies = fault.stage == stage and f"{fault.source}.{fault.dataset}" == dataset
            if applies and self._days[name] & {None, day}:
                thing = _changed(name, fault, day, thing)
        return thing


def _changed(name: str, fault: Fault, day: date, thing: Thing) -> Thing:
    """Return the changed thing; on a day without a row to change the same thing, with a warning in the log."""
    try:
        return cast(Thing, fault.change(thing))
    except IndexError:
        logger.warning("fault %s is not applied: %s.%s has too few rows on %s", name, fault.source, fault.dataset, day)
        return thing


NONE = Faults()
"""No fault is switched on."""
