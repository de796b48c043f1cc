"""Delivered files that attack their reader: entities, archives that unpack to far more, and sheets far larger than their file."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from support.hostile_http import DAY, HostileServer
from support.landed import land, ledger, page, raw_rows
from wangjian.core.errors import RejectedFile
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing import parse
from wangjian.ingestion.parsing.formats.evidence import check_evidence
from wangjian.ingestion.sources.registry import get_source

WORKBOOK = f"网络交易监测线索_{DAY[:4]}{DAY[5:7]}.xlsx"
SHEET = "xl/worksheets/sheet1.xml"
HEADERS = ["线索编号", "监测日期", "所属县区", "违法类型", "店铺链接"]
LAUGHS = '<!ENTITY a0 "hahahahaha">' + "".join(
    f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10)
)


def workbook(**texts: str) -> bytes:
    """Return a provider's workbook with one row; the text of its first cell can be replaced."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet
    sheet.title = "章贡区"
    sheet.append(HEADERS)
    sheet.append([texts.get("first", "A-1"), "7月1日", "章贡区", "虚假宣传", "链接"])
    sheet.cell(2, 5).hyperlink = texts.get("link", "https://example.com/1")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_members(content: bytes, change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """Return the archive with changed and additional members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, member in more.items():
            new.writestr(name, member)
    return buffer.getvalue()


def entities(definitions: str, reference: str) -> bytes:
    """Return a workbook that defines entities in every part and uses them in the texts of cells and links."""

    def change(name: str, member: bytes) -> bytes:
        if not name.endswith((".xml", ".rels")):
            return member
        start = member.find(b"?>") + 2 if member.startswith(b"<?xml") else 0
        doctype = f"<!DOCTYPE x [{definitions}]>".encode()
        body = member[start:].replace(b"A-1", reference.encode()).replace(b"https://example.com/1", reference.encode())
        return member[:start] + doctype + body

    return with_members(workbook(), change)


# A process of its own has a known peak of memory, and can be stopped after a minute.
_SCRIPT = r"""
import re, sys
from pathlib import Path
from wangjian.ingestion.parsing import parse
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.registry import get_source
parse(get_source("third_party"), DataRoot(Path(sys.argv[1])))
# not ru_maxrss, which begins with what the parent had
print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


def cost(data: DataRoot) -> int:
    """Parse in a process of its own, and return its peak memory in bytes."""
    command = [sys.executable, "-c", _SCRIPT, str(data.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout) * 1024


def code_of(data: DataRoot) -> object:
    (entry,) = ledger(data, "third_party", "leads")
    return entry[3]


def values(data: DataRoot) -> str:
    return str(raw_rows(data, "third_party", "leads"))


def test_entities_are_not_expanded(data: DataRoot) -> None:
    """The attack "billion laughs": an entity of ten entities of ten entities, nine levels deep."""
    land(data, "third_party", "leads", DAY, {WORKBOOK: entities(LAUGHS, "&a9;")}, provider="tp_a")
    assert cost(data) < 2**30
    assert "hahaha" not in values(data)


@pytest.mark.parametrize("kind", ["file", "http", "parameter"])
def test_no_external_entity_is_read(data: DataRoot, inside: HostileServer, tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    definitions = {
        "file": f'<!ENTITY out SYSTEM "{secret.as_uri()}">',
        "http": f'<!ENTITY out SYSTEM "{inside.url}/out">',
        "parameter": f'<!ENTITY % more SYSTEM "{inside.url}/more.dtd"> %more; <!ENTITY out "x">',
    }[kind]
    land(data, "third_party", "leads", DAY, {WORKBOOK: entities(definitions, "&out;")}, provider="tp_a")
    parse(get_source("third_party"), data)
    assert inside.requests == []
    assert "CANARY" not in values(data)


@pytest.mark.parametrize("link", ["file:///etc/passwd", "\\\\attacker\\share", "javascript:alert(1)", "{inside}/link"])
def test_a_link_is_text(data: DataRoot, inside: HostileServer, link: str) -> None:
    link = link.format(inside=inside.url)
    land(data, "third_party", "leads", DAY, {WORKBOOK: workbook(link=link)}, provider="tp_a")
    parse(get_source("third_party"), data)
    assert link.replace("\\", "\\\\") in values(data)
    assert inside.requests == []


def test_names_of_archive_members_are_never_used_as_paths(data: DataRoot, tmp_path: Path) -> None:
    content = with_members(
        workbook(), lambda _, member: member,
        **{"../../../../escaped": b"x", "/tmp/escaped-from-a-workbook": b"x", "..\\escaped": b"x", "xl/\x1b[2J": b"x", "C:escaped": b"x"},
    )  # fmt: skip
    land(data, "third_party", "leads", DAY, {WORKBOOK: content}, provider="tp_a")
    parse(get_source("third_party"), data)
    assert code_of(data) is None
    assert not list(tmp_path.rglob("*escaped*")) and not Path("/tmp/escaped-from-a-workbook").exists()


def spreadsheet_of_another_kind() -> bytes:
    """Return an OpenDocument file with the name of a workbook: one cell, thirty million times, in seven hundred bytes."""
    table = (
        '<table:table table:name="章贡区"><table:table-row table:number-rows-repeated="100000">'
        '<table:table-cell office:value-type="string" table:number-columns-repeated="300"><text:p>A-1</text:p></table:table-cell>'
        "</table:table-row></table:table>"
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet>{table}</office:spreadsheet></office:body></office:document-content>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<x/>")
    return buffer.getvalue()


def with_cells(cells: bytes) -> bytes:
    """Return the workbook with one more row of these cells."""
    return with_members(
        workbook(),
        lambda name, member: member.replace(b"</sheetData>", cells + b"</sheetData>") if name == SHEET else member,
    )


def cells_without_a_place() -> bytes:
    """Return a workbook with thirty million cells without coordinates, so that no coordinate is too large."""
    return with_cells(b'<row r="3">' + b"<c><v>1</v></c>" * 30_000_000 + b"</row>")


def far_out(spelling: bytes) -> Callable[[], bytes]:
    """Return a function that makes a workbook with a distant cell, spelt so that a simple search does not find it."""
    return lambda: with_cells(spelling)


def members_without_end() -> bytes:
    return with_members(workbook(), lambda _, member: member, **{f"xl/m{number}": b"" for number in range(50_000)})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (spreadsheet_of_another_kind, "UNREADABLE_FILE"),
        (cells_without_a_place, "TOO_LARGE"),
        (far_out(b"<row><c r='XFD1048576'><v>1</v></c></row>"), "TOO_LARGE"),
        (far_out(b'<row><c t=">" r="XFD1048576"><v>1</v></c></row>'), "TOO_LARGE"),
        (far_out(b'<x:row xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:c\nr = "XFD1048576"><x:v>1</x:v></x:c></x:row>'), "TOO_LARGE"),
        (far_out(b'<row r="1048576">' + b"<c/>" * 999 + b"<c><v>1</v></c></row>"), "TOO_LARGE"),
        (members_without_end, "TOO_LARGE"),
    ],
)  # fmt: skip
def test_a_sheet_far_larger_than_its_file_costs_little(data: DataRoot, make: Callable[[], bytes], code: str) -> None:
    land(data, "third_party", "leads", DAY, {WORKBOOK: make()}, provider="tp_a")
    assert cost(data) < 1.5 * 2**30
    assert code_of(data) == code


def image_of(width: int, height: int) -> bytes:
    """Return a PNG of a hundred bytes that claims this size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def test_an_image_that_unpacks_to_far_more_is_refused() -> None:
    check_evidence(image_of(100, 100))
    with pytest.raises(RejectedFile, match="decompression bomb"):
        check_evidence(image_of(100_000, 100_000))


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\xd7\xcd\xc6\x9a" + b"\0" * 40, b"P6 9 9 255\n"]
)
def test_only_images_of_the_contract_are_opened(content: bytes) -> None:
    """Pillow starts other programs for some kinds of images, and few of its decoders were ever tested for security."""
    with pytest.raises(RejectedFile, match="neither an image nor a PDF"):
        check_evidence(content)


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% raw %}", "'; drop table leads; --", "<script>", "=1+1", "\x1b[2J", "\u202egnp"]
)
def test_a_text_stays_what_it_is(data: DataRoot, text: str) -> None:
    record = {"scan_no": "S1", "task_no": text, "storefront_id": text, "scanned_at": f"{DAY}T10:00:00+08:00", "page_count": 1, "product_count": 1, "link_status": "OK"}  # fmt: skip
    land(data, "five_level", "scans", DAY, {"p1": page("scans", DAY, [record])})
    parse(get_source("five_level"), data)
    (row,) = raw_rows(data, "five_level", "scans")
    assert row.count(text) == 2
