"""How large the worlds of the benchmark are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A world that is made of copies of the simulated city, each with identifiers of its own.

    Attributes:
        storefronts: copies of the roster, its changes, the scans and what tells of storefronts.
        leads: copies of leads, events, cases and what hangs on them. A copy beyond the roster's tells of shops that no roster has.
    """

    name: str
    storefronts: int
    leads: int


# the city has 65 thousand storefronts and some 600 leads a year
SCALES = {scale.name: scale for scale in (Scale("city", 1, 1), Scale("province", 16, 66), Scale("nation", 390, 1700))}
