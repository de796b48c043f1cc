"""Write the bulletin as XLSX: a sheet for each part with its charts and their numbers, and one with all rows."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import _HeaderFooterPart as HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from wangjian.core.spreadsheets import harmless, reproducible
from wangjian.serving.bulletin.charts import chart_on
from wangjian.serving.bulletin.content import Bulletin, Cell, Chart, Heading, Missing, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures

_WIDTH = 8
"""How many columns the text spans; the charts are to the right of them."""
_FIRST_WIDTH, _OTHER_WIDTH, _SIGNS_A_LINE = 30, 14, 62
_LINE_POINTS = 16
_CHART_ROWS = 17
_FORMATS = {0: "#,##0", 1: "0.0", 2: "0.00"}

_FONT = Font(name="宋体", size=11)
_TITLE = Font(name="黑体", size=16)
_HEAD = Font(name="黑体", size=11)
_THIN = Side(style="thin", color="808080")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_GREY = PatternFill("solid", fgColor="EDEDED")

# in the order in which the sheet of all rows shows them
_SECTIONS = {
    "TOTAL": "全市", "REGION": "县区", "ORGAN": "机构", "STOREFRONT_TYPE": "载体类型", "PLATFORM": "平台", "VIOLATION": "违法类型",
    "CATEGORY": "商品类别", "SOURCE": "来源", "PROVIDER": "服务商",
}  # fmt: skip
_DETAIL = ("板块", "成员代码", "成员", "指标代码", "指标", "单位", "本月", "上月", "上年同月", "分子", "分母")


def xlsx_bytes(bulletin: Bulletin, figures: Figures) -> bytes:
    """Return the bulletin as a workbook.

    Args:
        bulletin: the content.
        figures: the figures it was made from, for the sheet with all rows.

    Returns:
        The bytes of the file; the same for the same publication.
    """
    book = Workbook()
    assert book.active is not None
    # a new workbook has a sheet of its own, which would come first and be empty
    book.remove(book.active)
    for part in (*bulletin.parts, *bulletin.appendices):
        _Sheet(book.create_sheet(part.sheet), f"{bulletin.title} {part.heading}").write(part)
    _detail(book.create_sheet("明细"), figures)
    about = book.properties
    about.title, about.creator, about.description = (
        bulletin.title, bulletin.organ, bulletin.publication.publication_id,
    )  # fmt: skip
    buffer = io.BytesIO()
    book.save(buffer)
    return reproducible(buffer.getvalue(), bulletin.publication.published_at)


class _Sheet:
    """Writes one part of the bulletin, from top to bottom of its sheet."""

    def __init__(self, sheet: Worksheet, title: str) -> None:
        self.sheet = sheet
        self.row = 1
        self.chart_row = 1
        self.headers: dict[int, int] = {}
        for column in range(1, _WIDTH + 3):
            sheet.column_dimensions[get_column_letter(column)].width = _FIRST_WIDTH if column == 1 else _OTHER_WIDTH
        self._line(title, _TITLE)
        _print_setup(sheet)

    def write(self, part: Part) -> None:
        """Write the part's texts and tables below one another, and its charts to the right of them."""
        charts = [block for block in part.blocks if isinstance(block, Chart)]
        charted = {(id(chart.table), index) for chart in charts for index in chart.series}
        for block in part.blocks:
            match block:
                case Heading(text):
                    self.row += 1
                    self._line(text, _HEAD)
                case Paragraph(text):
                    self._line(text, _FONT)
                case Table():
                    self._table(block, frozenset(index for table, index in charted if table == id(block)))
        for chart in charts:
            self._chart(chart)

    def _line(self, text: str, font: Font) -> None:
        self.sheet.merge_cells(start_row=self.row, end_row=self.row, start_column=1, end_column=_WIDTH)
        # no text may run as a formula, wherever it came from
        cell = self.sheet.cell(self.row, 1, harmless(text))
        cell.font, cell.alignment = font, Alignment(wrap_text=True, vertical="top")
        # spreadsheets do not fit the height of merged cells by themselves
        lines = -(-len(text) // _SIGNS_A_LINE)
        self.sheet.row_dimensions[self.row].height = max(lines * _LINE_POINTS, float(font.size or 0) * 1.5)
        self.row += 1

    def _table(self, table: Table, charted: frozenset[int]) -> None:
        """Write a table. A missing value in a charted column stays blank: a chart would draw a text such as `—` as 0."""
        self._line(table.caption, _HEAD)
        self.headers[id(table)] = self.row
        names = [column.name for column in table.columns]
        for at, column in enumerate(table.columns[1:], start=2):
            width = self.sheet.column_dimensions[get_column_letter(at)]
            width.width = max(width.width, _OTHER_WIDTH * column.share if column.is_text else 0)
        self._cells(names, [True] * len(names), strong=True)
        for line, row in enumerate((*table.rows, *table.totals)):
            values = [None if at in charted and isinstance(cell, Missing) else cell for at, cell in enumerate(row)]
            self._cells(values, [column.is_text for column in table.columns], strong=line >= len(table.rows))
        if table.note:
            self._line(table.note, _FONT)
        self.row += 1

    def _cells(self, values: Sequence[Cell | None], are_texts: Sequence[bool], *, strong: bool) -> None:
        for at, (value, is_text) in enumerate(zip(values, are_texts, strict=True), start=1):
            cell = self.sheet.cell(self.row, at)
            _put(cell, value)
            cell.font, cell.border = _HEAD if strong else _FONT, _BOX
            cell.alignment = Alignment(horizontal="left" if is_text else "right", vertical="center", wrap_text=True)
            if strong:
                cell.fill = _GREY
        self.sheet.row_dimensions[self.row].height = _LINE_POINTS * max(map(self._lines, range(1, len(values) + 1)))
        self.row += 1

    def _lines(self, column: int) -> int:
        """Return how many lines a cell needs; a Chinese character is two columns wide."""
        width = self.sheet.column_dimensions[get_column_letter(column)].width
        return max(1, -(-2 * len(str(self.sheet.cell(self.row, column).value or "")) // int(width)))

    def _chart(self, chart: Chart) -> None:
        if not chart.rows:
            return
        drawn = chart_on(self.sheet, chart, self.headers[id(chart.table)], with_title=True)
        self.sheet.add_chart(drawn, f"{get_column_letter(_WIDTH + 2)}{self.chart_row}")
        self.chart_row += _CHART_ROWS


def _put(cell: Any, value: Cell | None) -> None:
    if isinstance(value, Decimal):
        places = -int(value.as_tuple().exponent)
        # as a number, so that a reader can sum and sort; the format shows the printed places
        cell.value, cell.number_format = (int(value) if places <= 0 else float(value)), _FORMATS[max(places, 0)]
    elif isinstance(value, int):
        cell.value, cell.number_format = value, _FORMATS[0]
    elif isinstance(value, Missing):
        cell.value = value.value
    else:
        cell.value = None if value is None else harmless(value)


def _print_setup(sheet: Worksheet) -> None:
    # 9 is A4 in the format's list of paper sizes
    sheet.page_setup.paperSize, sheet.page_setup.orientation = 9, "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    footer = sheet.oddFooter
    assert footer is not None
    footer.center = HeaderFooterPart(text="— &P —")


def _detail(sheet: Worksheet, figures: Figures) -> None:
    """Write all rows of the month as they are in `reports.rpt_monthly_bulletin`: money in yuan, rates not rounded."""
    sheet.append(list(_DETAIL))
    for row in _detail_rows(figures):
        sheet.append([harmless(value) if isinstance(value, str) else value for value in row])
    for cell in sheet[1]:
        cell.font, cell.fill = _HEAD, _GREY
    for column, width in zip("ABCDEFGHIJK", (10, 14, 26, 18, 20, 10, 14, 14, 14, 12, 12), strict=True):
        sheet.column_dimensions[column].width = width
    # many rows: the header stays in view, and the filter finds a county or a KPI
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    _print_setup(sheet)
    sheet.print_title_rows = "1:1"


def _detail_rows(figures: Figures) -> Iterable[tuple[Any, ...]]:
    names = {(section, item.code): item.name for section, members in figures.members.items() for item in members}
    kpis: Mapping[str, str] = {item.kpi_code: item.kpi_name for item in figures.definitions}
    order = {section: at for at, section in enumerate(_SECTIONS)}
    for key, figure in sorted(figures.rows.items(), key=lambda item: (order[item[0][0]], *item[0])):
        section, member, kpi = key
        value = Missing.SUPPRESSED.value if figure.is_suppressed else figure.value
        compared = (value, figure.last_month, figure.last_year, figure.numerator, figure.denominator)
        yield (_SECTIONS[section], member, names[section, member], kpi, kpis[kpi], figure.unit, *compared)
