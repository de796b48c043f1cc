"""List and show the rows in quarantine, and export them as files for the senders."""

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
    """The conditions that bad rows must meet; null stands for any value.

    Attributes:
        reason: a reason code, without the column.
        first, last: the first and the last business date, both included.
    """

    source: str | None = None
    provider: str | None = None
    dataset: str | None = None
    reason: str | None = None
    first: date | None = None
    last: date | None = None

    def as_text(self) -> dict[str, str]:
        """Return the conditions that are set, by name, as text for the audit log."""
        return {name: str(value) for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class BadRow:
    """A row in quarantine.

    Attributes:
        row_number: the line number in the file, from 1.
        reasons: `CODE:column` or `CODE`, with its meaning in both languages.
        values: the row as the source sent it, by column; a line that could not be split has one value, `line`.
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
        """Return the file, sheet and row number as text for a person."""
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
    """Return the published rows in quarantine, with personal data masked.

    Args:
        data: the data root.
        selection: the conditions that the rows must meet.

    Returns:
        The rows, ordered by source, provider, dataset, date and place.

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
    # The column holds a JSON object for a row, and plain text for a line that could not be split into columns.
    is_row = text.startswith('{"')
    values = json.loads(text) if is_row else {"line": text}
    reasons = tuple((code, *catalogue.get(code.split(":")[0], (code, code))) for code in codes)
    return BadRow(**row, reasons=reasons, values=values, is_row=is_row)


def bad_row(data: DataRoot, key: str) -> BadRow:
    """Return one row in quarantine.

    Args:
        data: the data root.
        key: its key, or the beginning of it.

    Returns:
        The row.

    Raises:
        BadArguments: no row, or more than one, has such a key.
    """
    rows = [row for row in bad_rows(data, Selection()) if row.quarantine_key.startswith(key)]
    if len(rows) != 1:
        raise BadArguments(
            f"{len(rows)} rows in quarantine have a key that starts with this text",
            key=key,
            fix="copy the key from `wangjian quarantine list`",
        )
    return rows[0]


def export_bad_rows(
    data: DataRoot,
    folder: Path,
    kind: Literal["csv", "xlsx"],
    selection: Selection,
    *,
    clear: bool,
    purpose: str | None,
) -> list[Path]:
    """Write the bad rows into one file for each sender, and record each export in the audit log.

    Args:
        data: the data root.
        folder: the folder for the files.
        kind: csv (UTF-8 with BOM, which spreadsheets expect) or xlsx (one sheet for each dataset).
        selection: the conditions that the rows must meet.
        clear: whether personal data is written unmasked. Lines that could not be split into columns stay masked.
        purpose: the reason for the record; required with `clear`.

    Returns:
        The paths of the files; empty if no row is selected.

    Raises:
        BadArguments: clear values without a purpose.
    """
    if clear and not (purpose or "").strip():
        raise BadArguments(
            "an export of clear values needs a purpose", fix="give the reason with --purpose; the audit log keeps it"
        )
    # One file for each sender: nobody may get the rows of another one.
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
                selection=selection.as_text() | {"sender": sender},
                row_count=len(rows),
                file_name=path.name,
                sha256=sha256_of(temporary),
            )
            # The record is written before the file gets its name: a crash between the two leaves a record without a file,
            # never a file of personal data without a record.
            record_access(data, access)
        files.append(path)
    return files


PLACE_HEADERS = ("文件 file", "工作表 sheet", "行 row", "日期 date", "原因 reason", "说明 zh", "Meaning en")


def _tables(rows: Iterable[tuple[BadRow, Mapping[str, str | None]]]) -> dict[str, list[list[str]]]:
    """Return a header and the rows for each dataset. The header has the sender's own column names."""
    tables: dict[str, list[list[str]]] = {}
    for row, values in rows:
        columns = {
            column.name: f"{column.zh} {column.name}" for column in load_contract(row.source)[row.dataset].columns
        }
        name = row.dataset if row.is_row else f"{row.dataset}_lines"
        header = list(columns.values()) if row.is_row else ["原文 line"]
        table = tables.setdefault(name, [[*PLACE_HEADERS, *header]])
        cells = [values.get(column) for column in columns] if row.is_row else [values["line"]]
        # The cells are the sender's text: one that starts with `=` would run as a formula in the recipient's spreadsheet.
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
    # In this mode openpyxl does not keep all cells in memory.
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
        pairs = [pair for key, group in by_dataset.items() for pair in _clear_rows(connection, data, *key, group)]
    return pairs


def _clear_rows(
    connection: duckdb.DuckDBPyConnection, data: DataRoot, source: str, dataset: str, rows: Sequence[BadRow]
) -> list[tuple[BadRow, Mapping[str, str | None]]]:
    # Published values are masked; the parsed files are the only place that still has the values as they were sent.
    names = load_contract(source)[dataset].column_names
    files = str(data.raw / source / dataset / "*" / "*.parquet")
    answer = connection.execute(
        f"select _export_id, _part, _sheet, _row_number, {', '.join(names)} "
        # By name: batches that an older contract parsed may lack a column.
        "from read_parquet($files, union_by_name = true, hive_partitioning = false) where list_contains($exports, _export_id)",
        {"files": files, "exports": sorted({row.export_id for row in rows})},
    )
    values = {line[:4]: dict(zip(names, line[4:], strict=True)) for line in answer.fetchall()}
    return [
        (row, values[row.export_id, row.part, row.sheet, row.row_number] if row.is_row else row.values) for row in rows
    ]
