"""Read what the site shows from the published file: the queries in `sql/`, and KPIs by period and slice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from wangjian.warehouse.grain import key_of

SQL = Path(__file__).with_name("sql")
SLICES = tuple(name for name in key_of("rpt_kpi") if name not in ("kpi_code", "period_type", "period_start"))
YEARS_SHOWN = 3
"""How many years the pages with filters hold, including the current one: a page must stay small (decisions/site.md).

Bulletins go back to the first month.
"""

Row = dict[str, Any]
# kpi -> period -> first slice -> second slice -> number, or [numerator, denominator, value] of a ratio
Values = dict[str, dict[str, dict[str, dict[str, Any]]]]


class Facts:
    """Answers the site's queries from the published file.

    Args:
        connection: a read-only connection to the published file.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        # the pages of both languages need the same rows: read them once
        self._answers: dict[str, list[Row]] = {}
        self.publication: Row = self.rows("publication")[0]
        self.as_of: date = self.publication["as_of"]
        self.since = date(self.as_of.year - YEARS_SHOWN + 1, 1, 1)

    def rows(self, name: str, **parameters: object) -> list[Row]:
        """Return the rows of a query.

        Args:
            name: the name of the file in `sql/`, without its suffix.
            parameters: the values of the query's `$` parameters.

        Returns:
            One dictionary for each row.
        """
        return self._rows(_query(name), parameters)

    def kpi_values(self, codes: Iterable[str], by: tuple[str, str]) -> Values:
        """Return KPIs by period and two slices; every other slice is `ALL`.

        Args:
            codes: the codes of the KPIs.
            by: two of `SLICES`.

        Returns:
            The values; a KPI, period or slice without a row is missing. Periods are named `2023`, `2023Q4`, `2023-12`.
        """
        # `ALL` is a row of its own in rpt_kpi: nothing is summed here, so no ratio or stock can be summed by mistake
        others = " and ".join(f"{name} = 'ALL'" for name in SLICES if name not in by)
        query = _query("kpi_value").format(first=by[0], second=by[1], others=others)
        parameters = {"codes": list(codes), "since": self.since, "as_of": self.as_of}
        values: Values = {}
        for row in self._rows(query, parameters):
            of_period = values.setdefault(row["kpi_code"], {}).setdefault(row["period"], {})
            of_period.setdefault(row["first"], {})[row["second"]] = _compact(row)
        return values

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[Row]:
        key = f"{query} {sorted(parameters.items())}"
        if key not in self._answers:
            cursor = self._connection.execute(query, dict(parameters))
            names = [column[0] for column in cursor.description or ()]
            self._answers[key] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return self._answers[key]


def plain(number: Decimal | int | float | None) -> int | float | None:
    """Return a number in its shortest JSON form: a page holds many thousands of them."""
    if number is None:
        return None
    return int(number) if number == int(number) else float(number)


def _compact(row: Row) -> Any:
    value = plain(row["value"])
    # a count as a bare number: the list form of a ratio would make the page larger
    if row["denominator"] is None:
        return value
    return [plain(row["numerator"]), plain(row["denominator"]), value]


@cache
def _query(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")
