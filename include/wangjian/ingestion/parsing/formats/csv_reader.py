"""CSV files: strict decoding, RFC 4180, row numbers as a person counts lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.records import Field, ParsedFile, RejectedLine, fold, match_header

csv.field_size_limit(16 * 2**20)
# as a file opened with `newline=""` gives them, but one at a time: a copy of a large text is larger than the file
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def parse_csv(
    content: bytes, fields: Sequence[Field], encodings: Sequence[str], ignored: Sequence[str] = ()
) -> ParsedFile:
    """Parse a CSV file with a header row.

    Args:
        content: the file's bytes.
        fields: the contract's columns, with the headers they bear.
        encodings: tried in this order, strictly.
        ignored: headers that are known and not wanted.

    Returns:
        Its rows; lines with another number of fields than the header are rejected lines.

    Raises:
        RejectedFile: unexpected encoding, broken quoting, no header, or a required column is missing.
    """
    records = numbered_records(decode(content, encodings))
    try:
        _, header = next(records)
    except StopIteration:
        raise RejectedFile(
            "EMPTY_FILE", "the file is empty: not even a header", fix="ask the source to send it again"
        ) from None
    try:
        known, unknown = match_header(header, fields)
    except RejectedFile:
        # GB18030 takes nearly any bytes: a UTF-8 file may show itself by its header only
        if _is_utf8(content) and "gb18030" in encodings:
            raise _wrong_encoding(content, encodings, 0) from None
        raise
    unwanted = {fold(name) for name in ignored}
    unknown = {index: name for index, name in unknown.items() if fold(name) not in unwanted}
    parsed = ParsedFile(extra_columns=sorted(unknown.values()))
    rows: list[list[str]] = []
    for number, cells in records:
        if len(cells) == len(header):
            parsed.numbers.append(number)
            rows.append(cells)
        elif cells:
            parsed.rejected.append(RejectedLine(number, "ROW_SHAPE", ",".join(cells)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    parsed.columns = {field.name: field.texts(columns[index]) for index, field in known.items()}
    parsed.extras = [{name: cells[index] for index, name in unknown.items() if cells[index]} for cells in rows]
    return parsed


def lines_of(text: str) -> Iterator[str]:
    """The lines, each with its line break."""
    return (line[0] for line in _LINES.finditer(text))


def numbered_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line on which each starts; a quoted field may run over several lines.

    Raises:
        RejectedFile: broken quoting.
    """
    reader = csv.reader(lines_of(text), strict=True)
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise RejectedFile(
            "UNREADABLE_FILE",
            f"broken CSV: {error}",
            line=start,
            fix="the file is cut off or wrongly quoted: ask for it again",
        ) from None


def _is_utf8(content: bytes) -> bool:
    try:
        return not content.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _wrong_encoding(content: bytes, encodings: Sequence[str], at: int) -> RejectedFile:
    seen = "it is UTF-8" if _is_utf8(content) else f"byte {at} ({content[at : at + 4].hex()}) does not fit"
    return RejectedFile(
        "BAD_ENCODING",
        f"not {' or '.join(encodings)}: {seen}",
        line=content.count(b"\n", 0, at) + 1,
        fix="ask the source which encoding it writes; change the contract if it has changed",
    )


def decode(content: bytes, encodings: Sequence[str]) -> str:
    """Decode a file as a whole, or not at all.

    Raises:
        RejectedFile: no encoding of the contract fits, and where the first one broke; or the text holds NUL.
    """
    if (nul := content.find(0)) >= 0:
        raise RejectedFile(
            "BAD_ENCODING",
            f"byte {nul} is NUL, which no text holds",
            line=content.count(b"\n", 0, nul) + 1,
            fix="the file is damaged, or UTF-16: ask the source for it again",
        )
    first: UnicodeDecodeError | None = None
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            first = first or error
    raise _wrong_encoding(content, encodings, first.start if first else 0)
