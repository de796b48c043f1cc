"""Read files that declare totals and have no rows: the `.ctl` next to a CSV file, and a provider's JSON summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.parsing.formats.base import FileFormat, FileToParse, Output, WithoutRows
from wangjian.ingestion.parsing.formats.csv_reader import decode
from wangjian.ingestion.parsing.records import Declared
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout, JsonCounts


@dataclass(frozen=True)
class ControlFile:
    """The content of a `.ctl` file. `amount` is in yuan; null if the dataset has no money."""

    file: str
    rows: int
    sha256: str
    amount: Decimal | None


def parse_ctl(content: bytes) -> ControlFile:
    """Return the content of a line `file|rows|sha256|amount`.

    Raises:
        RejectedFile: the content is not such a line.
    """
    try:
        name, rows, sha256, amount = content.decode("ascii").strip().split("|")
        return ControlFile(name, int(rows), sha256.lower(), Decimal(amount) if amount else None)
    except (ValueError, InvalidOperation):
        raise RejectedFile(
            "BAD_CONTROL",
            f"the control file is not `file|rows|sha256|amount`: {content[:120]!r}",
            fix="ask the source to write it again",
        ) from None


def parse_json_counts(content: bytes, control: JsonCounts, encodings: Sequence[str]) -> list[Declared]:
    """Return the control totals of a flat JSON object of counts.

    Raises:
        RejectedFile: the content is not JSON, or a count is not a whole number.
    """
    try:
        counts = json.loads(decode(content, encodings))
        return [Declared(dataset, "", _count(counts[key])) for key, dataset in control.keys.items() if key in counts]
    except (ValueError, TypeError, RecursionError) as error:
        raise RejectedFile(
            "BAD_CONTROL", f"unreadable summary: {error}", fix="ask the provider to write it again"
        ) from None


def _count(value: object) -> int:
    # in Python true is the int 1: without this check it would pass as a count
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


class ControlLine(WithoutRows):
    """A `.ctl` file. The CSV file of the same name is read with it."""

    def check(self, item: FileToParse) -> None:
        """Raise an error if the file is not a control line."""
        parse_ctl(item.content())


@dataclass(frozen=True)
class JsonSummary(WithoutRows):
    """A provider's JSON object of counts."""

    name = "json"
    control: JsonCounts
    encodings: Sequence[str]

    @classmethod
    def of_layout(cls, layout: FileLayout, dataset: Dataset | None) -> FileFormat:
        """Return the format for a provider's layout."""
        assert isinstance(layout.control, JsonCounts)
        return cls(layout.control, layout.encodings)

    def parse_one(self, item: FileToParse, output: Output) -> dict[str, Any]:
        """Add the file's control totals to the output and return the ledger's columns about it."""
        output.add_controls(item, parse_json_counts(item.content(), self.control, self.encodings))
        return super().parse_one(item, output)
