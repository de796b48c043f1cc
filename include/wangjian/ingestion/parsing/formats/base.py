"""What every file format does: it parses files, checks one, removes values from one, and names the place of a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from wangjian.core.errors import BadArguments, RejectedFile, WangjianError
from wangjian.ingestion.landing.manifest import LandedFile, Role
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.fields import is_personal
from wangjian.ingestion.parsing.portions import SomeFiles
from wangjian.ingestion.parsing.records import Declared, ParsedFile
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import FileLayout
from wangjian.ingestion.sources.registry import Source

Rows = Mapping[str, Collection[int]]
"""Row numbers by sheet; a file that is no workbook has one sheet without a name."""
Mark = Callable[[str], str]
"""Gives the text that replaces an erased value."""
Outcome = dict[str, Any] | RejectedFile
"""What the ledger says of a parsed file, or why the file is rejected."""


@dataclass(frozen=True)
class FileToParse:
    """A landed file, its export, and the store that holds its bytes."""

    landing: Landing
    export: SomeFiles
    file: LandedFile

    def content(self) -> bytes:
        """Return the file's bytes."""
        return self.landing.read(self.file.sha256)

    def lineage(self, batch_id: str) -> dict[str, Any]:
        """Return what all raw rows of the file have in common."""
        key = self.export.key
        return {
            "_source": key.source,
            "_provider": key.provider,
            "_dataset": key.dataset,
            "_business_date": key.business_date,
            "_delivery": key.delivery,
            "_mode": key.mode,
            "_part": self.file.part,
            "_version": key.version,
            "_sheet": "",
            "_file_sha256": self.file.sha256,
            "_export_id": self.export.export_id,
            "_batch_id": batch_id,
        }

    def sibling(self, part: str) -> LandedFile | None:
        """Return the file of this name in the same export, or null."""
        return next((file for file in self.export.files if file.part == part), None)


class Output(Protocol):
    """Takes what a format reads. One batch of raw implements it."""

    batch_id: str

    @property
    def rows_file(self) -> Path:
        """The Parquet file of the batch, for a format that writes it itself."""

    def add(self, item: FileToParse, parsed: ParsedFile) -> dict[str, Any]:
        """Take the rows, rejected lines and control totals of a file; return what the ledger says of it."""

    def add_controls(self, item: FileToParse, declared: Sequence[Declared]) -> None:
        """Take the control totals of a file that holds no rows."""


class FileFormat(ABC):
    """One format of landed files. A new format is one new module of this package with a subclass.

    Attributes:
        name: as the registry (`format`) or a provider's layout (`format`) writes it; empty for files that no name chooses.
        stands_alone: whether a file can be parsed without the other files of its export. Large exports are then split between files.
        row_unit: what a row is called, in Chinese and English.
    """

    name: ClassVar[str] = ""
    stands_alone: ClassVar[bool] = False
    row_unit: ClassVar[tuple[str, str]] = ("行", "row")

    @classmethod
    def of_source(cls, source: Source, dataset: Dataset | None, role: Role) -> FileFormat:
        """Return the format of a file whose source names this format.

        Raises:
            BadArguments: a source cannot have this format.
        """
        raise BadArguments(
            f"format {cls.name} cannot be that of a whole source", source=source.source, fix="correct the registry"
        )

    @classmethod
    def of_layout(cls, layout: FileLayout, dataset: Dataset | None) -> FileFormat:
        """Return the format of a file whose layout names this format.

        Raises:
            BadArguments: a provider's file cannot have this format.
        """
        raise BadArguments(
            f"format {cls.name} cannot be that of a provider's file", layout=layout.name, fix="correct the layout"
        )

    @abstractmethod
    def check(self, item: FileToParse) -> None:
        """Look at one file alone, before its rows are read.

        Raises:
            RejectedFile: the file is not what its source promised.
        """

    @abstractmethod
    def parse(self, files: Sequence[FileToParse], output: Output) -> Iterator[Outcome]:
        """Parse files of one dataset.

        Args:
            files: all of this format.
            output: takes the rows.

        Returns:
            One outcome a file, in the order of `files`.
        """

    @abstractmethod
    def redact(self, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
        """Return a file without some values, and otherwise unchanged.

        Args:
            content: the file's bytes.
            columns: the warehouse's names of the columns to erase. Unknown columns that look personal are erased, too.
            rows: which rows.
            mark: gives the text that replaces a value.

        Raises:
            WangjianError: the file cannot be written without these values.
        """

    @abstractmethod
    def comparable(self, content: bytes, columns: Collection[str], rows: Rows, sign: str) -> object:
        """Return all that a file says, with each value that `redact` would erase replaced by one sign.

        Two files that differ in nothing but erased values compare equal. This proves that `redact` removed nothing else.
        """

    @classmethod
    def locate(cls, sheet: str, number: int | None) -> str:
        """Return where a row stands in its file, in both languages; empty for a file without rows."""
        place = [f"[{sheet}]"] if sheet else []
        if number is not None:
            chinese, english = cls.row_unit
            place.append(f"第{number}{chinese} {english} {number}")
        return " ".join(place)


class SingleFiles(FileFormat):
    """A format whose files are parsed one by one."""

    def parse(self, files: Sequence[FileToParse], output: Output) -> Iterator[Outcome]:
        for item in files:
            try:
                self.check(item)
                yield self.parse_one(item, output)
            except RejectedFile as error:
                yield error

    @abstractmethod
    def parse_one(self, item: FileToParse, output: Output) -> dict[str, Any]:
        """Give one file's content to the output; return what the ledger says of the file.

        Raises:
            RejectedFile: the file cannot be read.
        """


class Table(SingleFiles):
    """A format whose files each hold rows under a header: `read` is all that a new one must add."""

    @abstractmethod
    def read(self, content: bytes) -> ParsedFile:
        """Read the rows of a file.

        Raises:
            RejectedFile: the file cannot be read.
        """

    def check(self, item: FileToParse) -> None:
        """Do nothing: `read` rejects what is wrong, and a file is read once only."""

    def parse_one(self, item: FileToParse, output: Output) -> dict[str, Any]:
        return output.add(item, self.read(item.content()))

    def comparable(self, content: bytes, columns: Collection[str], rows: Rows, sign: str) -> object:
        parsed, compared = self.read(content), []
        for sheet, row in parsed.rows():
            values, extra = dict(row.values), dict(row.extra)
            if row.number in rows.get(sheet, ()):
                values |= {name: sign for name, value in values.items() if name in columns and value}
                extra |= dict.fromkeys(filter(is_personal, extra), sign)
            compared.append((sheet, row.number, values, extra))
        return compared, parsed.rejected, parsed.declared, parsed.extra_columns


class WithoutRows(SingleFiles):
    """A format whose files hold no rows: they are checked and stay in landing."""

    def check(self, item: FileToParse) -> None:
        """Do nothing: any bytes are right."""

    def parse_one(self, item: FileToParse, output: Output) -> dict[str, Any]:
        return {"status": "stored"}

    def redact(self, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
        raise WangjianError("a file without rows has no single values to erase", fix="erase the file as a whole")

    def comparable(self, content: bytes, columns: Collection[str], rows: Rows, sign: str) -> object:
        return content
