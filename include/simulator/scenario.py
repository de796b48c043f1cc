"""The parameters of a simulated world: seed, scale and range of dates. It depends on nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random


@dataclass(frozen=True)
class Scenario:
    """The parameters of one world. Equal scenarios give equal files, so a test can be repeated exactly.

    Attributes:
        seed: any integer.
        scale: the size of the world; 1.0 is the whole city. Smaller worlds have fewer storefronts, scans, inspections and coverage rows.
        start: the first business date.
        end: the last business date.
        served_to: exports after this date are "not ready"; the world itself does not change. Default: `end`.
    """

    seed: int = 2023
    scale: float = 1.0
    start: date = date(2023, 1, 1)
    end: date = date(2023, 12, 31)
    served_to: date = field(default=date.max)

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"the range ends ({self.end}) before it starts ({self.start})")
        if self.scale <= 0:
            raise ValueError(f"scale must be positive, not {self.scale}")
        object.__setattr__(self, "served_to", min(self.served_to, self.end))

    @property
    def day_count(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def share_of_year(self) -> float:
        return self.day_count / 365

    def days(self) -> list[date]:
        """Return every business date of the range, in order."""
        return [self.start + timedelta(days=offset) for offset in range(self.day_count)]

    def served_days(self) -> list[date]:
        """Return the business dates whose exports exist."""
        return [day for day in self.days() if day <= self.served_to]

    def per_range(self, yearly: float, at_least: int = 0) -> int:
        """Return a yearly count, scaled to this range of dates."""
        return max(at_least, round(yearly * self.share_of_year))

    def rng(self, *names: object) -> Random:
        """Return a random stream for a name. Separate streams keep one part of the world unchanged when another changes."""
        return Random(":".join(map(str, (self.seed, *names))))


def day_hash(*parts: object) -> int:
    """Return a small number that depends only on names and dates. Python's `hash` differs in each process."""
    value = 2166136261
    for byte in ":".join(map(str, parts)).encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value ^ (value >> 15)
