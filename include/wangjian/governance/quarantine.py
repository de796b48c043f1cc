"""The bad rows, for the people who must see to them: list, show, and files to send back to who sent them."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb
from openpyxl import Workbook

from wangjian.core.errors import BadArguments
from wangjian.core.files import sha256_of, written_atomically
from wangjian.core.paths import DataRoot
from wangjian.core.spreadsheets import harmless
from wangjian.ingestion.sources.contract import load_contract
from wangjian.publishing import open_published
from wangjian.state.audit_log import Access, record_access


@dataclass(frozen=True)
class Selection:
    """Which bad rows; null = any.

    Attributes:
        reason: a reason code, without the column.
        first, last: business dates, both included.
    """

    source: str | None = None
    provider: str | None = None
    dataset: str | None = None
    reason: str | None = None
    first: date | None = None
    last: date | None = None

    def told(self) -> dict[str, str]:
        """What was asked for, by name."""
        return {name: str(value) for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class BadRow:
    """A row in quarantine.

    Attributes:
        row_number: as a person counts in the file.
        reasons: `CODE:column` or `CODE`, with what it means in both languages.
        values: the row as it came, by column; a line that is no row has one value, `line`.
        is_row: false for a line that could not be split into columns.
    """

    quarantine_key: str
    source: str
    provider: str
    dataset: str
    business_date: date
    original_name: str
    part: str
    sheet: str
    row_number: int
    file_sha256: str
    export_id: str
    reasons: tuple[tuple[str, str, str], ...]
    values: Mapping[str, str | None]
    is_row: bool

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        sheet = f" [{self.sheet}]" if self.sheet else ""
        return f"{self.original_name}{sheet} 第{self.row_number}行 row {self.row_number}"


_ROWS = """
    select * from audit.quarantine
    where ($source is null or source = $source) and ($provider is null or provider = $provider)
        and ($dataset is null or dataset = $dataset) and ($reason is null or contains(reason_codes, $reason))
        and ($first is null or business_date >= $first) and ($last is null or business_date <= $last)
    order by source, provider, dataset, business_date, original_name, sheet, row_number
"""


def bad_rows(data: DataRoot, selection: Selection) -> list[BadRow]:
    """Read the quarantine as it is published, with personal data masked.

    Args:
        data: the data root.
        selection: which rows.

    Returns:
        The rows, by source, provider, dataset, date and place.

    Raises:
        WangjianError: nothing is published yet.
    """
    with open_published(data) as connection:
        catalogue = {code: (zh, en) for code, zh, en in connection.execute(_CATALOGUE).fetchall()}
        answer = connection.execute(_ROWS, vars(selection))
        names = [column[0] for column in answer.description or ()]
        return [_bad_row(dict(zip(names, row, strict=True)), catalogue) for row in answer.fetchall()]


_CATALOGUE = "select reason_code, reason_name, reason_name_en from audit.reason_code"


def _bad_row(row: dict[str, Any], catalogue: Mapping[str, tuple[str, str]]) -> BadRow:
    codes = str(row.pop("reason_codes")).split(",")
    text = row.pop("original_values") or ""
    del row["first_seen_on"]
    # a line that is no row is no JSON object; a row always is
    is_row = text.startswith('{"')
    values = json.loads(text) if is_row else {"line": text}
    reasons = tuple((code, *catalogue.get(code.split(":")[0], (code, code))) for code in codes)
    return BadRow(**row, reasons=reasons, values=values, is_row=is_row)


def bad_row(data: DataRoot, key: str) -> BadRow:
    """Read one bad row.

    Args:
        data: the data root.
        key: its key, or the beginning of it.

    Returns:
        The row.

    Raises:
        BadArguments: no row, or more than one, has such a key.
    """
    found = [row for row in bad_rows(data, Selection()) if row.quarantine_key.startswith(key)]
    if len(found) != 1:
        raise BadArguments(
            f"{len(found)} rows in quarantine have a key that begins so", key=key, fix="see `wangjian quarantine list`"
        )
    return found[0]


def export_bad_rows(
    data: DataRoot,
    folder: Path,
    kind: Literal["csv", "xlsx"],
    selection: Selection,
    *,
    clear: bool,
    purpose: str | None,
) -> list[Path]:
    """Write the bad rows into files, one for each who sent them, and into the audit log.

    Args:
        data: the data root.
        folder: where the files go.
        kind: csv (UTF-8 with BOM, which spreadsheets expect) or xlsx (a sheet a dataset).
        selection: which rows.
        clear: with personal data as it came; lines that are no rows stay masked.
        purpose: why, for the record; required with `clear`.

    Returns:
        The files; none where no row is selected.

    Raises:
        BadArguments: clear values without a purpose.
    """
    if clear and not (purpose or "").strip():
        raise BadArguments(
            "clear values leave only for a purpose", fix="say why with --purpose; it goes into the record"
        )
    groups: dict[str, list[BadRow]] = defaultdict(list)
    for row in bad_rows(data, selection):
        groups[row.provider or row.source].append(row)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for sender, rows in groups.items():
        tables = _tables(_in_clear(data, rows) if clear else [(row, row.values) for row in rows])
        path = folder / f"quarantine_{sender}.{kind}"
        with written_atomically(path) as temporary:
            (_write_csv if kind == "csv" else _write_xlsx)(temporary, tables)
            access = Access(
                action="OPENED_CLEAR" if clear else "EXPORTED",
                purpose=purpose,
                table_name="audit.quarantine",
                selection=selection.told() | {"sender": sender},
                row_count=len(rows),
                file_name=path.name,
                sha256=sha256_of(temporary),
            )
            # on record before the file is in place: a crash between the two leaves a line too many, never a file too many
            record_access(data, access)
        files.append(path)
    return files


PLACE_HEADERS = ("文件 file", "工作表 sheet", "行 row", "日期 date", "原因 reason", "说明 zh", "Meaning en")


def _tables(rows: Iterable[tuple[BadRow, Mapping[str, str | None]]]) -> dict[str, list[list[str]]]:
    """By dataset: a header, then the rows. Columns bear the names that the sender gave them."""
    tables: dict[str, list[list[str]]] = {}
    for row, values in rows:
        columns = {
            column.name: f"{column.zh} {column.name}" for column in load_contract(row.source)[row.dataset].columns
        }
        name = row.dataset if row.is_row else f"{row.dataset}_lines"
        header = list(columns.values()) if row.is_row else ["原文 line"]
        table = tables.setdefault(name, [[*PLACE_HEADERS, *header]])
        cells = [values.get(column) for column in columns] if row.is_row else [values["line"]]
        table.append([harmless(cell) for cell in (*_place_cells(row), *cells)])
    return tables


def _place_cells(row: BadRow) -> tuple[str, ...]:
    codes, zh, en = zip(*row.reasons, strict=True)
    place = (row.original_name, row.sheet, str(row.row_number), str(row.business_date))
    return (*place, ";".join(codes), "；".join(zh), "; ".join(en))


def _write_csv(path: Path, tables: Mapping[str, Sequence[Sequence[str]]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for name, (header, *rows) in tables.items():
        writer.writerow(["数据集 dataset", *header])
        writer.writerows([name, *row] for row in rows)
    path.write_bytes(buffer.getvalue().encode("utf-8-sig"))


def _write_xlsx(path: Path, tables: Mapping[str, Sequence[Sequence[str]]]) -> None:
    book = Workbook(write_only=True)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def _in_clear(data: DataRoot, rows: Sequence[BadRow]) -> list[tuple[BadRow, Mapping[str, str | None]]]:
    by_dataset: dict[tuple[str, str], list[BadRow]] = defaultdict(list)
    for row in rows:
        by_dataset[row.source, row.dataset].append(row)
    with duckdb.connect() as connection:
        found = [pair for key, group in by_dataset.items() for pair in _clear_rows(connection, data, *key, group)]
    return found


def _clear_rows(
    connection: duckdb.DuckDBPyConnection, data: DataRoot, source: str, dataset: str, rows: Sequence[BadRow]
) -> list[tuple[BadRow, Mapping[str, str | None]]]:
    names = load_contract(source)[dataset].column_names
    files = str(data.raw / source / dataset / "*" / "*.parquet")
    answer = connection.execute(
        f"select _export_id, _part, _sheet, _row_number, {', '.join(names)} "
        "from read_parquet($files, union_by_name = true, hive_partitioning = false) where list_contains($exports, _export_id)",
        {"files": files, "exports": sorted({row.export_id for row in rows})},
    )
    values = {line[:4]: dict(zip(names, line[4:], strict=True)) for line in answer.fetchall()}
    return [
        (row, values[row.export_id, row.part, row.sheet, row.row_number] if row.is_row else row.values) for row in rows
    ]
