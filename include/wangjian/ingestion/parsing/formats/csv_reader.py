"""Read CSV files (RFC 4180): strict decoding, row numbers as a person counts lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.records import Field, ParsedFile, RejectedLine, fold, match_header

# Python's limit is 128 KB, and a field with a long text may be larger
csv.field_size_limit(16 * 2**20)
# lines as a file opened with `newline=""` has them, but one at a time: a list of all lines needs more memory than the file
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def parse_csv(
    content: bytes, fields: Sequence[Field], encodings: Sequence[str], ignored: Sequence[str] = ()
) -> ParsedFile:
    """Return the rows of a CSV file with a header row.

    Args:
        content: the file's bytes.
        fields: the contract's columns, with their headers.
        encodings: the encodings to try, in this order and strictly.
        ignored: headers that are known but not needed.

    Returns:
        The rows; lines with another number of fields than the header are rejected lines.

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
        # nearly any bytes are valid GB18030: that a file is UTF-8 may show only by its garbled header
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
        # a blank line has no cells and is not an error: many programs end a file with one
        elif cells:
            parsed.rejected.append(RejectedLine(number, "ROW_SHAPE", ",".join(cells)))
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    parsed.columns = {field.name: field.texts(columns[index]) for index, field in known.items()}
    parsed.extras = [{name: cells[index] for index, name in unknown.items() if cells[index]} for cells in rows]
    return parsed


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines, each with its line break."""
    return (line[0] for line in _LINES.finditer(text))


def numbered_records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with the line on which each starts; a quoted field may span several lines.

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
    """Return the text of a file, decoded strictly.

    Raises:
        RejectedFile: no encoding of the contract fits (the error says where the first one failed), or the text contains NUL.
    """
    # a replacement character for a wrong byte would change names and keys without notice: the whole file is rejected instead
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
