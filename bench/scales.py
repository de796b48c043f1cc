"""The sizes of the benchmark's worlds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A world that is made of copies of the simulated city, each with its own identifiers.

    Attributes:
        storefronts: copies of the roster, its changes, the scans and the inspections.
        leads: copies of leads, events, cases and their parts. If there are more than copies of the roster, some leads are about shops
            that no roster has.
    """

    name: str
    storefronts: int
    leads: int


# the city has 65 thousand storefronts and some 600 leads a year
SCALES = {scale.name: scale for scale in (Scale("city", 1, 1), Scale("province", 16, 66), Scale("nation", 390, 1700))}
