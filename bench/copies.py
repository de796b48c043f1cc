"""Write the exports of a larger world directly into landing: every record of the city once per copy, with the copy's own identifiers.

Counts, pages, control files and manifests are as the contracts require; names, dates and codes are the city's. Only the last month's
roster is copied. Deliveries of third-party providers stay as they are: a workbook cannot have so many rows.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from bench.scales import Scale
from bench.templates import Expander, Identifiers, template
from wangjian.ingestion.landing.manifest import LandedFile, Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.formats.csv_reader import decode

PAGE_ROWS = 5000
ENCODINGS = ("utf-8", "gb18030")
# datasets of which only the last month is copied: each full roster of the nation has 25 million rows
ROSTER = ("storefronts", "scans")


COPIED: Mapping[tuple[str, str], Identifiers] = {
    ("five_level", "storefronts"): Identifiers(
        "storefronts", ("storefront_id", "platform_shop_id"), ("url",), ("uscc",)
    ),
    ("five_level", "scans"): Identifiers("storefronts", ("scan_no", "storefront_id")),
    ("five_level", "leads"): Identifiers(
        "leads", ("lead_no", "storefront_id", "external_ref"), ("url", "product_url"), ("uscc",)
    ),
    ("five_level", "lead_events"): Identifiers("leads", ("lead_no",), case_nos=("case_no",)),
    ("jiangxi", "inspections"): Identifiers("storefronts", ("检查编号", "载体编号")),
    ("jiangxi", "leads"): Identifiers("leads", ("线索编号", "外部编号"), ("链接",), ("统一社会信用代码",), ("案号",)),
    ("jiangxi", "cases"): Identifiers("leads", ("线索编号",), case_nos=("立案号", "决定书文号")),
    ("jiangxi", "case_parties"): Identifiers("leads", (), (), ("统一社会信用代码",), ("立案号",)),
    ("jiangxi", "case_penalties"): Identifiers("leads", (), case_nos=("立案号",)),
}


class Copier:
    """Writes the larger world's exports.

    Args:
        source: the landing zone of the city.
        target: the landing zone of the larger world.
        scale: the number of copies.
    """

    def __init__(self, source: Landing, target: Landing, scale: Scale) -> None:
        self._source, self._target, self._scale = source, target, scale
        self._expander = Expander()

    def copy(self, first_of_roster: date) -> None:
        """Copy all exports; skip rosters and scans before a date."""
        for manifest in self._source.exports():
            if manifest.key.dataset in ROSTER and manifest.key.business_date < first_of_roster:
                continue
            self._target.commit(manifest.model_copy(update={"files": tuple(self._files(manifest))}))

    def _files(self, manifest: Manifest) -> Iterator[LandedFile]:
        identifiers = COPIED.get((manifest.key.source, manifest.key.dataset))
        if identifiers is None:
            yield from map(self._as_it_is, manifest.files)
            return
        copies = getattr(self._scale, identifiers.per)
        if manifest.key.source == "five_level":
            yield from self._pages(manifest, identifiers, copies)
        else:
            yield from self._table(manifest, identifiers, copies)

    def _pages(self, manifest: Manifest, identifiers: Identifiers, copies: int) -> Iterator[LandedFile]:
        documents = [json.loads(self._source.read(file.sha256)) for file in manifest.files]
        records = [record for document in documents for record in document["records"]]
        templates = [template(record, identifiers, _json) for record in records]
        envelope = {**documents[0], "page_size": PAGE_ROWS, "total": len(records) * copies}
        # an export without records still has one page: without it the export would look incomplete
        texts = self._expander.pages(templates, copies, PAGE_ROWS, ",") if templates else [""]
        for number, text in enumerate(texts, start=1):
            yield self._kept(manifest.files[0], f"p{number:05d}", _page(envelope, number, text))

    def _table(self, manifest: Manifest, identifiers: Identifiers, copies: int) -> Iterator[LandedFile]:
        data = next(file for file in manifest.files if file.role == "data")
        headers, *rows = csv.reader(io.StringIO(decode(self._source.read(data.sha256), ENCODINGS), newline=""))
        templates = [template(dict(zip(headers, row, strict=True)), identifiers, _csv) for row in rows]
        texts = self._expander.pages(templates, copies, PAGE_ROWS, "\r\n")
        content = "\r\n".join([_csv(dict(zip(headers, headers, strict=True))), *texts, ""]).encode("gb18030")
        for file in manifest.files:
            if file.role == "data":
                yield self._kept(file, file.part, content)
            elif file.role == "control":
                yield self._kept(file, file.part, self._control(file, content, copies))
            else:
                yield self._as_it_is(file)

    def _control(self, file: LandedFile, content: bytes, copies: int) -> bytes:
        # the parser compares the control file with the data: rows, hash and amount must be those of the copies
        name, rows, _, amount = self._source.read(file.sha256).decode("ascii").strip().split("|")
        total = f"{Decimal(amount) * copies}" if amount else ""
        return f"{name}|{int(rows) * copies}|{hashlib.sha256(content).hexdigest()}|{total}\n".encode("ascii")

    def _as_it_is(self, file: LandedFile) -> LandedFile:
        self._target.put_bytes(self._source.read(file.sha256))
        return file

    def _kept(self, like: LandedFile, part: str, content: bytes) -> LandedFile:
        stored = self._target.put_bytes(content)
        name = like.original_name.replace(like.part, part)
        changed = {"part": part, "original_name": name, "sha256": stored.sha256, "byte_size": stored.byte_size}
        return like.model_copy(update=changed)


def _json(record: Mapping[str, object]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _csv(record: Mapping[str, object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(record.values())
    return line.getvalue()


def _page(envelope: Mapping[str, object], number: int, records: str) -> bytes:
    head = _json({**envelope, "page": number, "records": []}).removesuffix("]}")
    return f"{head}{records}]}}".encode()
