"""What a simulated world depends on, and nothing else: seed, scale and range of dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random


@dataclass(frozen=True)
class Scenario:
    """Names one world. Equal scenarios give equal bytes.

    Attributes:
        seed: any integer.
        scale: 1.0 is the city in full; smaller worlds have fewer storefronts, scans, inspections and coverage rows.
        start: first business date.
        end: last business date.
        served_to: exports after this date are "not ready"; the world itself is the same. Default: `end`.
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
        """Every business date of the range, in order."""
        return [self.start + timedelta(days=offset) for offset in range(self.day_count)]

    def served_days(self) -> list[date]:
        """The business dates whose exports exist."""
        return [day for day in self.days() if day <= self.served_to]

    def per_range(self, yearly: float, at_least: int = 0) -> int:
        """A yearly count cut down (or up) to this range."""
        return max(at_least, round(yearly * self.share_of_year))

    def rng(self, *names: object) -> Random:
        """A random stream of its own for each name, so that changing one part of the world leaves the others alone."""
        return Random(":".join(map(str, (self.seed, *names))))


def day_hash(*parts: object) -> int:
    """A small stable number from names and dates (not Python's salted `hash`)."""
    value = 2166136261
    for byte in ":".join(map(str, parts)).encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value ^ (value >> 15)
