"""The faults of the monitoring providers: in their lists, their workbooks and their evidence."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl.drawing.image import Image as Picture
from PIL import Image

from simulator.faults.registry import fault

Rows = list[dict[str, Any]]
"""The rows of a list, with the headers of both providers' layouts."""

TP_A, TP_B = "tp_a.leads", "tp_b.leads"
BOMB = 700 * 2**20


def _changed(rows: Rows, index: int, **values: Any) -> Rows:
    """Return the rows with changed cells in one of them. Each fault changes another row, so that faults can be combined."""
    return [row | values if number == index % len(rows) else row for number, row in enumerate(rows)]


# rows ----------------------------------------------------------------------------------------------------------------


@fault("third_party", TP_A, "rows", "信用代码成科学计数 | a USCC comes in scientific notation")
def uscc_scientific_notation(rows: Rows) -> Rows:
    return _changed(rows, 0, 统一社会信用代码="9.13607E+17")


@fault("third_party", TP_A, "rows", "截图哈希不符 | the list names another hash of a screenshot")
def evidence_wrong_hash(rows: Rows) -> Rows:
    return _changed(rows, 1, 哈希值="f" * 64)


@fault("third_party", TP_A, "rows", "截图名指向目录之外 | the name of a screenshot leads out of the folder")
def evidence_path_traversal(rows: Rows) -> Rows:
    return _changed(rows, 2, 截图文件名="../../../../etc/passwd")


@fault("third_party", TP_A, "rows", "监测日期为 Excel 序列号 | the date is a spreadsheet's serial number")
def excel_serial(rows: Rows) -> Rows:
    day = rows[3 % len(rows)]["监测日期"]
    return _changed(rows, 3, 监测日期=(datetime(day.year, day.month, day.day) - datetime(1899, 12, 30)).days)


@fault("third_party", TP_A, "rows", "1900 年的日期 | a date of 1900")
def excel_epoch(rows: Rows) -> Rows:
    return _changed(rows, 4, 监测日期=datetime(1900, 1, 1))


@fault("third_party", TP_A, "rows", "多个县区写在一格 | several counties in one cell")
def counties_in_one_cell(rows: Rows) -> Rows:
    return _changed(rows, 5, 所属县区="章贡区、南康区")


@fault("third_party", TP_A, "rows", "无人知晓的违法类型 | a violation that no alias covers")
def unmapped_text(rows: Rows) -> Rows:
    return _changed(rows, 6, 违法类型="前所未闻的违法")


@fault("third_party", TP_A, "rows", "信用代码带空格 | a USCC with blanks")
def uscc_with_blanks(rows: Rows) -> Rows:
    code = next(row["统一社会信用代码"] for row in rows if row["统一社会信用代码"])
    return _changed(rows, 7, 统一社会信用代码=f" {code[:6]} {code[6:]} ")


@fault("third_party", TP_A, "book", "截图嵌在表中而未列名 | screenshots are embedded in the sheet instead of named")
def screenshots_embedded(book: Any) -> Any:
    sheet = _lists(book)[0]
    column = next(cell.column for cell in sheet[3] if cell.value == "截图文件名")
    buffer = io.BytesIO()
    Image.new("RGB", (32, 20)).save(buffer, "PNG")
    sheet.add_image(Picture(buffer), "B4")
    sheet.cell(4, column).value = None
    return book


@fault("third_party", TP_B, "rows", "价格带千分位 | a price with separators of thousands")
def price_separators(rows: Rows) -> Rows:
    return _changed(rows, 0, price_wan="1,234.5")


@fault("third_party", TP_B, "rows", "清单像公式 | a text that a spreadsheet takes for a formula")
def list_formula(rows: Rows) -> Rows:
    return _changed(rows, 1, found_date="=TODAY()", detail="=cmd|' /C calc'!A0")


# workbooks -----------------------------------------------------------------------------------------------------------


def _lists(book: Any) -> list[Any]:
    return [sheet for sheet in book.worksheets if sheet.title != "汇总"]


@fault("third_party", TP_A, "book", "汇总表多 1 条 | the cover sheet declares one lead more")
def cover_sheet_mismatch(book: Any) -> Any:
    book["汇总"]["B2"] = int(book["汇总"]["B2"].value or 0) + 1
    return book


@fault("third_party", TP_A, "book", "表头在第七行,其上为合并单元格 | the header stands in row 7, below merged cells")
def header_further_down(book: Any) -> Any:
    for sheet in _lists(book):
        sheet.insert_rows(2, 4)
        sheet.merge_cells("A2:H3")
        sheet["A2"] = "网络交易监测情况(合并表头)"
    return book


@fault("third_party", TP_A, "book", "没有表头 | there is no header")
def header_missing(book: Any) -> Any:
    for sheet in _lists(book):
        sheet.delete_rows(3)
    return book


@fault("third_party", TP_A, "book", "全部县区在一张表 | all counties on one sheet")
def one_sheet(book: Any) -> Any:
    first, *others = _lists(book)
    first.delete_rows(first.max_row)
    for sheet in others:
        for row in list(sheet.iter_rows(min_row=4, max_row=sheet.max_row - 1, values_only=True)):
            first.append(row)
        book.remove(sheet)
    first.title = "全市"
    return book


@fault("third_party", TP_A, "book", "总计行换了名称 | the totals row has another name")
def totals_renamed(book: Any) -> Any:
    sheet = _lists(book)[0]
    sheet.cell(sheet.max_row, 1, "总计(条)")
    return book


@fault("third_party", TP_A, "book", "百万行空白 | a million blank rows before the last cell")
def million_blank_rows(book: Any) -> Any:
    _lists(book)[0].cell(1_048_576, 2, " ")
    return book


@fault("third_party", TP_A, "book", "一个单元格在最远处 | a cell in the last row and column")
def cell_far_out(book: Any) -> Any:
    _lists(book)[0].cell(1_048_576, 16_384, "x")
    return book


# files ---------------------------------------------------------------------------------------------------------------


@fault("third_party", TP_A, "bytes", "工作簿被截断 | the workbook is cut off")
def xlsx_truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


@fault("third_party", TP_A, "bytes", "压缩炸弹 | a zip bomb within the workbook")
def zip_bomb(content: bytes) -> bytes:
    return _with_member(content, "xl/media/bomb.bin", b"\0" * BOMB)


@fault("third_party", TP_A, "bytes", "压缩成员名指向目录之外 | a member of the workbook leads out of the folder")
def zip_path_traversal(content: bytes) -> bytes:
    return _with_member(content, "../../../../tmp/wangjian-was-here", b"x")


@fault("third_party", TP_B, "bytes", "清单为 UTF-16 | the list is UTF-16")
def utf16_file(content: bytes) -> bytes:
    return content.decode("gbk").encode("utf-16")


@fault("third_party", TP_B, "bytes", "清单被截断,少一行 | the list is cut off by a row")
def list_cut_off(content: bytes) -> bytes:
    return b"\r\n".join(content.rstrip().split(b"\r\n")[:-1]) + b"\r\n"


@fault("third_party", TP_B, "bytes", "清单被截断在行中 | the list is cut off within a row")
def list_cut_off_midway(content: bytes) -> bytes:
    last = content.rstrip().split(b"\r\n")[-1]
    return content.rstrip()[: 10 - len(last)]


def _with_member(content: bytes, name: str, member: bytes) -> bytes:
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), member, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


# evidence ------------------------------------------------------------------------------------------------------------


def _pictures(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


@fault("third_party", TP_B, "evidence", "缺一张截图 | a screenshot is missing")
def evidence_missing(folder: Path) -> Path:
    _pictures(folder)[0].unlink()
    return folder


@fault("third_party", TP_B, "evidence", "截图打不开 | a screenshot does not open")
def evidence_unreadable(folder: Path) -> Path:
    path = _pictures(folder)[0]
    path.write_bytes(path.read_bytes()[:60])
    return folder


@fault("third_party", TP_B, "evidence", "证据包被截断 | an archive among the evidence is cut off")
def evidence_archive_cut_off(folder: Path) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../escape.png", b"x" * 1000)
    (folder / "evidence.zip").write_bytes(buffer.getvalue()[:500])
    return folder
