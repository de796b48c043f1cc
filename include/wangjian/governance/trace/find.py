"""Find the landed rows behind a published row: select the row by its key, then follow the rules to parsed rows and their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import DataRoot
from wangjian.governance.trace.rules import Origin, Rule, rule_of
from wangjian.ingestion.landing.archived import landing_of
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.contract import load_contract
from wangjian.publishing.reading import current_file, quoted
from wangjian.state.archives import ArchiveEvent, archived
from wangjian.warehouse.macros import rendered_macros

FUNCTIONS = ("case_no_normalised", "text_to_date", "text_to_timestamp")
"""The macros of `casts.sql` that rules may use. The trace's connection defines functions of the same names."""

_ROWS = Path(__file__).with_name("rows_of_dataset.sql")
# The same order as the macro `latest_first`: with another one the trace would point at a row whose values the mart does not show.
_LATEST_FIRST = (
    "_business_date desc, _version desc, _delivery desc, _part desc, _sheet desc, _row_number desc, _export_id desc"
)


@dataclass(frozen=True)
class Place:
    """One row of a landed file, or a file that holds no rows.

    Attributes:
        row_number: the line number in the file or its sheet, or the record's position in its page; null for a file without rows.
        speaks: whether the table shows the values of this row. The other rows describe the same thing at another time.
        corrections: the values of such rows that a person corrected: column, reason, person and date.
        lies_in: `landing`, the archive's folder, or null where the bytes are not available.
    """

    source: str
    provider: str
    dataset: str
    business_date: date
    version: int
    original_name: str
    part: str
    sheet: str
    row_number: int | None
    file_sha256: str
    export_id: str
    speaks: bool
    corrections: tuple[str, ...] = ()
    lies_in: str | None = None


@dataclass(frozen=True)
class Trace:
    """The origin of the published rows that a caller asked for.

    Attributes:
        key: the key of each published row that matches.
        seeds: the paths in the project of the reviewed seeds that the table is built from or joins.
        places: the landed rows: first those whose values the table shows, then the newest first.
    """

    table: str
    publication_id: str
    key: tuple[dict[str, Any], ...]
    seeds: tuple[str, ...]
    places: tuple[Place, ...]


def trace(data: DataRoot, table: str, values: Sequence[str]) -> Trace:
    """Return the landed rows that a published row came from.

    Args:
        data: the data root.
        table: a mart.
        values: the key of the row: values of the first columns of the key, in order; or `column=value`.

    Returns:
        The trace. It has no place if no landed row describes the published row: the row comes from a seed or is inferred from a code.

    Raises:
        BadArguments: there is no such table or row, or there are more values than the key has columns.
        WangjianError: nothing is published yet.
    """
    rule = rule_of(table)
    with _connected(data) as connection:
        condition, given = _condition(connection, rule, values)
        keys = _keys(connection, rule, condition, given)
        connection.execute(
            f"create temp table wanted as select * from marts.{rule.table} as traced where {condition}", given
        )
        places = list(_places(connection, data, rule, "wanted"))
    seeds = tuple(f"dbt_project/seeds/{name}.csv" for name in rule.seeds)
    shown = current_file(data)
    publication_id = shown.stem.removeprefix("warehouse-") if shown else ""
    return Trace(rule.table, publication_id, keys, seeds, _with_bytes(data, places))


def _connected(data: DataRoot) -> duckdb.DuckDBPyConnection:
    """Return a connection with the published file attached and the functions of the rules defined."""
    shown = current_file(data)
    if shown is None or not shown.exists():
        raise WangjianError("nothing is published yet", folder=data.published, fix="run `wangjian publish`")
    # A connection in memory: the published file is read-only, and the trace needs temporary tables and functions.
    connection = duckdb.connect()
    connection.execute(f"attach '{quoted(shown)}' as published (read_only)")
    macro = rendered_macros()
    for name in FUNCTIONS:
        connection.execute(f"create temp macro {name}(given) as {macro(name, 'given')}")
    connection.execute("use published")
    return connection


def _condition(connection: duckdb.DuckDBPyConnection, rule: Rule, values: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the SQL condition that selects the rows, and its parameters."""
    described = connection.execute(f"select column_name from (describe marts.{rule.table})").fetchall()
    columns = {name for (name,) in described}
    named = [value.partition("=")[::2] for value in values if value.partition("=")[0] in columns]
    plain = [value for value in values if value.partition("=")[0] not in columns]
    if not values or len(plain) > len(rule.key):
        raise BadArguments(
            f"{len(plain)} values for a key of {len(rule.key)} columns",
            table=rule.table,
            key=", ".join(rule.key),
            fix="give values in that order, or column=value",
        )
    pairs = [*zip(rule.key, plain, strict=False), *named]
    tests = [_equals(column, f"$v{number}") for number, (column, _) in enumerate(pairs)]
    return " and ".join(tests), {f"v{number}": value for number, (_, value) in enumerate(pairs)}


def _equals(column: str, parameter: str) -> str:
    # A case number has several spellings (brackets, full-width digits). A person may type any of them; the mart has the normalised one.
    spelling = f"{column}_normalised"
    other = f", {spelling}({parameter})" if spelling in FUNCTIONS else ""
    return f'cast("{column}" as varchar) in ({parameter}{other})'


def _keys(
    connection: duckdb.DuckDBPyConnection, rule: Rule, condition: str, given: dict[str, str]
) -> tuple[dict[str, Any], ...]:
    columns = ", ".join(rule.key)
    rows = connection.execute(
        f"select {columns} from marts.{rule.table} where {condition} order by {columns}", given
    ).fetchall()
    if not rows:
        raise BadArguments(
            "no such row is published",
            table=rule.table,
            asked=", ".join(given.values()),
            fix=f'list the keys: wangjian sql "select {columns} from marts.{rule.table}"',
        )
    return tuple(dict(zip(rule.key, row, strict=True)) for row in rows)


def _places(connection: duckdb.DuckDBPyConnection, data: DataRoot, rule: Rule, relation: str) -> Iterator[Place]:
    """Yield the places that the rows of a relation come from; the relation has the columns of the rule's mart."""
    for number, origin in enumerate(rule.origins):
        if origin.table:
            # The rows of the other mart go into a table of their own, which is traced by that mart's rule.
            inner = f"{relation}_{number}"
            connection.execute(
                f"create temp table {inner} as select distinct origin.* from {_traced(relation, origin)}, marts.{origin.table} as origin "
                f"where {origin.where}"
            )
            yield from _places(connection, data, rule_of(origin.table), inner)
        else:
            query = (
                _rows_query(data, rule, origin, relation, _corrections(connection, origin))
                if origin.dataset
                else _files_query(origin, relation)
            )
            yield from (
                replace(Place(*row[:-1]), corrections=tuple(row[-1])) for row in connection.execute(query).fetchall()
            )


def _traced(relation: str, origin: Origin) -> str:
    return ", ".join([f"{relation} as traced", *(f"marts.{name} as {name}" for name in origin.beside)])


def _corrections(connection: duckdb.DuckDBPyConnection, origin: Origin) -> str:
    """Return SQL that lists the corrections of a row."""
    tables = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'audit' and table_name = 'correction'"
    ).fetchone()
    # A publication of an older version has no table of corrections. It must stay traceable.
    if not tables or not tables[0]:
        return "cast([] as varchar[])"
    source, dataset = (origin.dataset or "").split(".")
    key = ", ".join(f"current_rows.{name}" for name in load_contract(source)[dataset].key)
    return f"""coalesce((
        select list(fix.column_name || ': ' || fix.reason || ' (' || fix.corrected_by || ', ' || cast(fix.corrected_at as date) || ')' order by fix.column_name)
        from audit.correction as fix
        where fix.source = '{source}' and fix.dataset = '{dataset}' and fix.provider = current_rows._provider
            and fix.row_key = concat_ws('|', {key})
            and (fix.business_date is null or fix.business_date = current_rows._business_date)
    ), [])"""


def _rows_query(data: DataRoot, rule: Rule, origin: Origin, relation: str, corrections: str) -> str:
    """Return the query for the rows of a dataset that count: of the current version, not repeated in their file, not in quarantine."""
    source, dataset = (origin.dataset or "").split(".")
    files, ledger = (
        data.raw / source / dataset / "*" / "*.parquet",
        data.raw / "_ledger" / source / dataset / "*.parquet",
    )
    return _ROWS.read_text(encoding="utf-8").format(
        source=source,
        dataset=dataset,
        files=quoted(files),
        ledger=quoted(ledger),
        corrections=corrections,
        speaks=origin.speaks or "true",
        key=", ".join(f"traced.{column}" for column in rule.key),
        latest_first=", ".join(f"origin.{part.strip()}" for part in _LATEST_FIRST.split(",")),
        traced=_traced(relation, origin),
        where=origin.where,
    )


def _files_query(origin: Origin, relation: str) -> str:
    return f"""
        select distinct
            origin.source, origin.provider, origin.dataset, origin.business_date, origin.version, origin.original_name, origin.part,
            '', null, origin.file_sha256, origin.export_id, true, cast([] as varchar[])
        from {_traced(relation, origin)}, audit.file_ledger as origin
        where origin.role = '{origin.files}' and {origin.where}
    """


def _with_bytes(data: DataRoot, places: Iterable[Place]) -> tuple[Place, ...]:
    """Return each place once with the location of its bytes: first those whose values are shown, then the newest."""
    landing, known = landing_of(data), archived(data)
    once: dict[tuple[object, ...], Place] = {}
    for place in places:
        name = (place.export_id, place.part, place.sheet, place.row_number)
        # Two rules may lead to the same row, and only one of them to its values.
        once[name] = replace(place, speaks=place.speaks or (name in once and once[name].speaks))
    ordered = sorted(once.values(), key=lambda place: (place.source, place.dataset, place.part, place.row_number or 0))
    ordered.sort(key=lambda place: (place.speaks, place.business_date, place.version), reverse=True)
    events = {place.export_id: known.get(place.export_id) for place in ordered}
    return tuple(replace(place, lies_in=_location(landing, place, events[place.export_id])) for place in ordered)


def _location(landing: Landing, place: Place, event: ArchiveEvent | None) -> str | None:
    path = landing.find(place.file_sha256)
    if path == landing.object_path(place.file_sha256):
        return "landing"
    return event.folder if path and event else None
