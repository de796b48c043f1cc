"""CSV files: alone, as providers send them, or with a `.ctl` file that declares their totals."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wangjian.core.errors import RejectedFile, WangjianError
from wangjian.ingestion.landing.manifest import Role
from wangjian.ingestion.parsing.fields import contract_fields, erased_columns, layout_fields
from wangjian.ingestion.parsing.formats.base import FileFormat, FileToParse, Mark, Output, Rows, Table
from wangjian.ingestion.parsing.formats.control_files import ControlFile, ControlLine, parse_ctl
from wangjian.ingestion.parsing.formats.csv_reader import decode, lines_of, numbered_records, parse_csv
from wangjian.ingestion.parsing.records import Field, ParsedFile
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout
from wangjian.ingestion.sources.registry import Source

_BREAKS = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Delimited(Table):
    """CSV files with a header row.

    Attributes:
        fields: the columns, with the headers that they may bear.
        encodings: tried in this order.
        ignored: headers of columns that are known and not wanted.
    """

    name = "csv"
    fields: Sequence[Field]
    encodings: Sequence[str]
    ignored: Sequence[str] = ()

    @classmethod
    def of_source(cls, source: Source, dataset: Dataset | None, role: Role) -> FileFormat:
        if role == "control":
            return ControlLine()
        assert dataset is not None
        return DelimitedWithControl(contract_fields(dataset), source.encodings)

    @classmethod
    def of_layout(cls, layout: FileLayout, dataset: Dataset | None) -> FileFormat:
        assert dataset is not None
        return Delimited(layout_fields(layout, dataset), layout.encodings, layout.ignored_headers)

    def read(self, content: bytes) -> ParsedFile:
        return parse_csv(content, self.fields, self.encodings, self.ignored)

    def redact(self, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
        """Every line that holds none of the rows keeps its bytes. `rows` are the lines on which the rows start."""
        text = decode(content, self.encodings)
        lines, records = list(lines_of(text)), list(numbered_records(text))
        erased = erased_columns(records[0][1], self.fields, columns)
        ends = [start - 1 for start, _ in records[1:]] + [len(lines)]
        wanted = set(rows.get("", ()))
        for (start, cells), end in zip(records, ends, strict=True):
            if start in wanted:
                left = [_marked(cell, mark) if index in erased else cell for index, cell in enumerate(cells)]
                lines[start - 1 : end] = [_line(left, like=lines[end - 1]), *[""] * (end - start)]
        return _encoded("".join(lines), content, self.encodings, text)


class DelimitedWithControl(Delimited):
    """A government system's CSV file: a `.ctl` file of the same name declares its rows, hash and amount."""

    name = ""

    def check(self, item: FileToParse) -> None:
        control = self._control_of(item)
        if control.sha256 != item.file.sha256:
            raise RejectedFile(
                "WRONG_HASH",
                f"the control file declares SHA-256 {control.sha256[:12]}…, the file has {item.file.sha256[:12]}…",
                fix="the transfer or the export was damaged: ask for a new sequence",
            )

    def parse_one(self, item: FileToParse, output: Output) -> dict[str, Any]:
        control = self._control_of(item)
        declared = {"declared_rows": control.rows, "declared_amount": control.amount, "declared_sha256": control.sha256}
        return super().parse_one(item, output) | declared

    def _control_of(self, item: FileToParse) -> ControlFile:
        part = item.file.part.removesuffix(".csv") + ".ctl"
        control = item.sibling(part)
        if control is None or control.role != "control":
            raise RejectedFile("MISSING_CONTROL", f"no control file {part} beside it", fix="ask the source to send it")
        return parse_ctl(item.landing.read(control.sha256))


def _marked(cell: str, mark: Mark) -> str:
    """The mark keeps the cell's line breaks, so that the rows below keep their numbers. Blanks around a value do not count."""
    return mark(cell.strip()) + "".join(_BREAKS.findall(cell))


def _line(cells: list[str], like: str) -> str:
    out = io.StringIO()
    # the writer quotes only those line breaks that it ends lines with
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().removesuffix("\r\n") + like[len(like.rstrip("\r\n")) :]


def _encoded(left: str, content: bytes, encodings: Sequence[str], text: str) -> bytes:
    """Use the encoding that gives the same bytes as were read: a contract's encoding may add a byte-order mark."""
    for encoding in (*encodings, "utf-8"):
        with suppress(UnicodeError):
            if text.encode(encoding) == content:
                return left.encode(encoding)
    raise WangjianError("what was read cannot be written again as the same bytes", fix="report it: nothing was erased")
