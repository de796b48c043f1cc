"""Figures as people read them; `assets/figures.js` writes them alike."""

from __future__ import annotations

from decimal import Decimal

NOTHING = "—"


def number(value: Decimal | float | int | None, unit: str = "") -> str:
    """A figure: whole where it is whole, else one decimal; `—` for null, never 0."""
    if value is None:
        return NOTHING
    if unit == "%":
        return f"{value:,.1f}%"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def change(value: Decimal | None, unit: str = "") -> str:
    """A change with its sign; that of a rate is in percentage points, so it bears no %."""
    if value is None:
        return NOTHING
    text = number(abs(value)) if unit != "%" else f"{abs(value):,.1f}"
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"


def share(value: Decimal | None) -> str:
    """A part of one as a percentage."""
    return number(None if value is None else value * 100, "%")
