"""Format figures for people. `assets/figures.js` must format them the same way: change both together."""

from __future__ import annotations

from decimal import Decimal

NOTHING = "—"


def number(value: Decimal | float | int | None, unit: str = "") -> str:
    """Return a figure as text: without decimals if it is whole, else with one; `—` for null, never 0."""
    if value is None:
        return NOTHING
    if unit == "%":
        return f"{value:,.1f}%"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def change(value: Decimal | None, unit: str = "") -> str:
    """Return a change with its sign. The change of a rate is in percentage points, so it has no % sign."""
    if value is None:
        return NOTHING
    text = number(abs(value)) if unit != "%" else f"{abs(value):,.1f}"
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"


def share(value: Decimal | None) -> str:
    """Return a share from 0 to 1 as a percentage."""
    return number(None if value is None else value * 100, "%")
