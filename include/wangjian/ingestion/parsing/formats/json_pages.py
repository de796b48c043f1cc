"""Pages of a JSON export over HTTP. All pages of a batch are read at once: one by one takes many times as long."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wangjian.core.errors import RejectedFile
from wangjian.ingestion.landing.manifest import Role
from wangjian.ingestion.parsing.fields import is_personal
from wangjian.ingestion.parsing.formats.base import FileFormat, FileToParse, Mark, Outcome, Output, Rows
from wangjian.ingestion.parsing.formats.page_batch import PageFile, PageOutcome
from wangjian.ingestion.parsing.formats.page_reader import check_page, parse_pages
from wangjian.ingestion.parsing.raw import FILE_LINEAGE
from wangjian.ingestion.parsing.records import columns_as_json
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.registry import Source

_KEPT_NUMBER = re.compile(r'"\\u0000([^"]*)"')


@dataclass(frozen=True)
class JsonPages(FileFormat):
    """Pages that each hold an object with `total`, `dataset`, `business_date` and `records`."""

    name = "json_pages"
    stands_alone = True
    row_unit = ("条记录", "record")
    dataset: Dataset

    @classmethod
    def of_source(cls, source: Source, dataset: Dataset | None, role: Role) -> FileFormat:
        assert dataset is not None
        return cls(dataset)

    def check(self, item: FileToParse) -> None:
        check_page(item.landing, _page(item, ""), self.dataset, item.export.key.business_date)

    def parse(self, files: Sequence[FileToParse], output: Output) -> Iterator[Outcome]:
        """If the pages cannot be read together, each is checked alone, and the good ones are read together again."""
        errors: dict[int, RejectedFile] = {}
        try:
            outcomes = self._parse_together(files, output)
        except RejectedFile:
            errors = dict(self._broken(files))
            good = [item for number, item in enumerate(files) if number not in errors]
            outcomes = self._parse_together(good, output) if good else {}
        for number, item in enumerate(files):
            yield errors.get(number) or _entry(outcomes.get(item.file.sha256))

    def _parse_together(self, files: Sequence[FileToParse], output: Output) -> dict[str, PageOutcome]:
        pages = [_page(item, output.batch_id) for item in files]
        return parse_pages(files[0].landing, self.dataset, pages, output.rows_file)

    def _broken(self, files: Sequence[FileToParse]) -> Iterator[tuple[int, RejectedFile]]:
        for number, item in enumerate(files):
            try:
                self.check(item)
            except RejectedFile as error:
                yield number, error

    def redact(self, content: bytes, columns: Collection[str], rows: Rows, mark: Mark) -> bytes:
        """`rows` are the places of the records in the page, from 1."""
        # numbers stay as they are written: 12.50 stays 12.50. No page that was parsed holds NUL
        body = json.loads(content, parse_float=_kept, parse_int=_kept)
        for record, names in self._erased(body, columns, rows):
            record.update({name: mark(_text(record[name])) for name in names})
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return _KEPT_NUMBER.sub(r"\1", text).encode()

    def comparable(self, content: bytes, columns: Collection[str], rows: Rows, sign: str) -> object:
        body = json.loads(content, parse_float=str, parse_int=str)
        for record, names in self._erased(body, columns, rows):
            record.update(dict.fromkeys(names, sign))
        return body

    def _erased(
        self, body: dict[str, Any], columns: Collection[str], rows: Rows
    ) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """The records in question, each with the names of its fields that are erased."""
        headers = {column.header for column in self.dataset.columns if column.name in columns}
        for number in rows.get("", ()):
            record = body["records"][number - 1]
            filled = [name for name, value in record.items() if value is not None]
            yield record, [name for name in filled if name in headers or is_personal(name)]


def _page(item: FileToParse, batch_id: str) -> PageFile:
    lineage = item.lineage(batch_id)
    return PageFile(item.file.sha256, item.file.byte_size, tuple(lineage[name] for name in FILE_LINEAGE.names))


def _entry(outcome: PageOutcome | None) -> Outcome:
    if outcome is None:
        return RejectedFile(
            "UNREADABLE_FILE",
            "the page could not be read",
            fix="report it: the page was not refused, yet it has no rows",
        )
    return {
        "status": "parsed",
        "rows_read": outcome.rows_read,
        "rows_rejected": 0,
        "rows_duplicate": outcome.rows_duplicate,
        "declared_rows": outcome.declared_rows,
        "extra_columns": columns_as_json(outcome.extra_columns),
    }


def _kept(number: str) -> str:
    return f"\x00{number}"


def _text(value: object) -> str:
    return value.removeprefix("\x00") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
