"""Write the bulletin as DOCX."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from docx import Document
from docx.document import Document as Docx
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part as PackagePart
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Emu
from docx.table import Table as DocxTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph as DocxParagraph
from openpyxl import Workbook
from openpyxl.xml.functions import tostring

from wangjian.core.spreadsheets import harmless, reproducible
from wangjian.serving.bulletin.charts import HEIGHT_CM, WIDTH_CM, chart_on
from wangjian.serving.bulletin.content import Bulletin, Cell, Chart, Heading, Missing, Paragraph, Part, Table
from wangjian.serving.bulletin.typesetting import HEAD_FONT, LINE, TEXT_WIDTH, set_font, typeset
from wangjian.serving.bulletin.wording import day_text

_NUMERALS = "一二三四五六七八九十"
# a table of up to 16 rows stays on one page; of a longer one, the first 3 rows stay with the header
_WHOLE, _TOGETHER = 16, 3
_CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHART_NAMESPACE = "http://schemas.openxmlformats.org/drawingml/2006/chart"


def docx_bytes(bulletin: Bulletin, issued_on: date | None) -> bytes:
    """Return the bulletin as a DOCX document.

    Args:
        bulletin: the content.
        issued_on: the date of issue; null leaves a blank to fill in by hand.

    Returns:
        The bytes of the file; the same for the same publication.
    """
    return _Setter(bulletin, issued_on).bytes()


class _Setter:
    """Sets one bulletin from top to bottom, and numbers its tables and charts."""

    def __init__(self, bulletin: Bulletin, issued_on: date | None) -> None:
        self.bulletin = bulletin
        self.issued = day_text(issued_on) if issued_on else "　　　年　月　日"
        self.at = bulletin.publication.published_at
        self.document: Docx = Document()
        # numbered through the whole document, not within a part
        self.tables = self.charts = 0

    def bytes(self) -> bytes:
        """Set the whole document and return the bytes of the file."""
        typeset(self.document)
        self._properties()
        self._masthead()
        self.document.add_paragraph(self.bulletin.title, style="Title")
        for place, part in enumerate(self.bulletin.parts):
            self._part(f"{_NUMERALS[place]}、{part.heading}", part)
        self._appendices()
        self._imprint()
        buffer = io.BytesIO()
        self.document.save(buffer)
        return reproducible(buffer.getvalue(), self.at)

    def _properties(self) -> None:
        about = self.document.core_properties
        about.title, about.author, about.subject = self.bulletin.title, self.bulletin.organ, self.bulletin.issue
        about.language, about.comments, about.keywords = "zh-CN", self.bulletin.publication.publication_id, ""
        about.last_modified_by = self.bulletin.organ

    def _masthead(self) -> None:
        document, bulletin = self.document, self.bulletin
        document.add_paragraph(bulletin.organ, style="Masthead Organ")
        document.add_paragraph(bulletin.masthead, style="Masthead")
        issue = document.add_paragraph(bulletin.issue)
        issue.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _no_indent(issue)
        _rule(issue, "bottom", "E60012", 18, space=6)

    def _part(self, heading: str, part: Part) -> None:
        self.document.add_paragraph(heading, style="Heading 1")
        self._blocks(part)

    def _blocks(self, part: Part) -> None:
        below = 0
        for block in part.blocks:
            match block:
                case Heading(text):
                    below += 1
                    self.document.add_paragraph(f"（{_NUMERALS[below - 1]}）{text}", style="Heading 2")
                case Paragraph(text):
                    self.document.add_paragraph(text)
                case Table():
                    self.tables += 1
                    self._table(block, f"表{self.tables}　{block.caption}")
                case Chart():
                    self._chart(block)

    def _appendices(self) -> None:
        """Add the list of appendices, one line below the text, and then each appendix on a page of its own."""
        names = [f"{place}．{part.heading}" for place, part in enumerate(self.bulletin.appendices, start=1)]
        for place, name in enumerate(names):
            line = self.document.add_paragraph(f"附件：{name}" if place == 0 else f"　　　{name}")
            line.paragraph_format.space_before = LINE if place == 0 else Emu(0)
        for place, part in enumerate(self.bulletin.appendices, start=1):
            self._appendix(place, part)

    def _appendix(self, place: int, part: Part) -> None:
        start = self.document.add_paragraph()
        _no_indent(start)
        start.add_run().add_break(WD_BREAK.PAGE)
        set_font(start.add_run(f"附件{place}")._r, HEAD_FONT)
        self.document.add_paragraph(part.heading, style="Title")
        for block in part.blocks:
            # appendices hold tables only; the title of the appendix serves as the caption
            assert isinstance(block, Table)
            self._table(block, None)

    def _table(self, table: Table, caption: str | None) -> None:
        if caption:
            self.document.add_paragraph(caption, style="Caption").paragraph_format.keep_with_next = True
        rows = [tuple(column.name for column in table.columns), *table.rows, *table.totals]
        grid = self.document.add_table(len(rows), len(table.columns), style="Table Grid")
        grid.alignment = WD_TABLE_ALIGNMENT.CENTER
        _widths(grid, [column.share for column in table.columns])
        style = "Table Small" if table.is_small else "Table Text"
        stays = len(rows) - 1 if len(rows) <= _WHOLE else _TOGETHER
        for at, (line, row) in enumerate(zip(grid._tbl.tr_lst, rows, strict=True)):
            is_strong = at == 0 or at > len(table.rows)
            _row_stays_whole(line, repeats=at == 0)
            for place, cell, column in zip(line.tc_lst, row, table.columns, strict=True):
                paragraph = DocxParagraph(place.p_lst[0], grid)
                _fill(paragraph, cell, style, is_text=column.is_text and at > 0, is_strong=is_strong)
                # also the last row but one: a sum must not stand alone on the next page
                paragraph.paragraph_format.keep_with_next = at < stays or at == len(rows) - 2
        self._after(table.note)

    def _after(self, note: str) -> None:
        """Add the note below a table; an empty one keeps the next block at a distance."""
        paragraph = self.document.add_paragraph(note, style="Table Text")
        paragraph.paragraph_format.space_after = Emu(0)

    def _chart(self, chart: Chart) -> None:
        if not chart.rows:
            return
        self.charts += 1
        paragraph = self.document.add_paragraph(style="Figure")
        paragraph.add_run()._r.append(self._inline(chart, self._chart_part(chart)))
        self.document.add_paragraph(f"图{self.charts}　{chart.caption}", style="Caption")

    def _chart_part(self, chart: Chart) -> str:
        """Add a chart with a workbook of its numbers to the package; return the identifier of the relation."""
        package = self.document.part.package
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "数据"
        for row in ([column.name for column in chart.table.columns], *chart.rows):
            sheet.append([_for_sheet(cell) for cell in row])
        drawn = chart_on(sheet, chart, 1, with_title=False)
        part = PackagePart(PackURI(f"/word/charts/chart{self.charts}.xml"), _CHART_TYPE, b"", package)
        name = PackURI(f"/word/embeddings/chart{self.charts}.xlsx")
        numbers = PackagePart(name, _XLSX_TYPE, _book_bytes(book, self.at), package)
        space = drawn._write()
        space.append(_external(part.relate_to(numbers, RELATIONSHIP_TYPE.PACKAGE)))
        part._blob = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + tostring(space)
        return self.document.part.relate_to(part, RELATIONSHIP_TYPE.CHART)

    def _inline(self, chart: Chart, relation: str) -> Any:
        about = f"{chart.caption}: {_in_words(chart)}".replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        return parse_xml(
            f"""
            <w:drawing {nsdecls("w", "wp", "a", "r")}>
              <wp:inline distT="0" distB="0" distL="0" distR="0">
                <wp:extent cx="{Cm(WIDTH_CM)}" cy="{Cm(HEIGHT_CM)}"/>
                <wp:docPr id="{self.charts}" name="图{self.charts}" descr="{about}"/>
                <wp:cNvGraphicFramePr/>
                <a:graphic>
                  <a:graphicData uri="{_CHART_NAMESPACE}">
                    <c:chart xmlns:c="{_CHART_NAMESPACE}" r:id="{relation}"/>
                  </a:graphicData>
                </a:graphic>
              </wp:inline>
            </w:drawing>
            """
        )

    def _imprint(self) -> None:
        """Add the imprint 版记: who prints the document, and when."""
        imprint = self.document.add_table(1, 2)
        imprint.alignment = WD_TABLE_ALIGNMENT.CENTER
        _widths(imprint, [1, 1])
        left, right = (cell.paragraphs[0] for cell in imprint.rows[0].cells)
        left.style = right.style = self.document.styles["Imprint"]
        left.add_run(f"　{self.bulletin.organ}")
        right.add_run(f"{self.issued}印发　")
        right.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        borders = parse_xml(
            f'<w:tblBorders {nsdecls("w")}><w:top w:val="single" w:sz="8" w:color="000000"/>'
            '<w:bottom w:val="single" w:sz="8" w:color="000000"/></w:tblBorders>'
        )
        imprint._tbl.tblPr.append(borders)


def _book_bytes(book: Workbook, at: datetime) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return reproducible(buffer.getvalue(), at)


def _for_sheet(cell: Cell) -> Any:
    # a blank, not the printed mark: a chart would draw a text as 0
    if isinstance(cell, Missing):
        return None
    return harmless(cell) if isinstance(cell, str) else cell


def _external(relation: str) -> Any:
    """Return the element that says where an office program finds the numbers when a person edits the chart."""
    element = parse_xml(
        f'<c:externalData xmlns:c="{_CHART_NAMESPACE}" {nsdecls("r")} r:id="{relation}"><c:autoUpdate val="0"/></c:externalData>'
    )
    return element


def _in_words(chart: Chart) -> str:
    """Return the chart's numbers as text, for readers who cannot see it: a screen reader reads it aloud."""
    return "；".join(f"{row[0]} {' '.join(_shown(row[index]) for index in chart.series)}" for row in chart.rows)


def _shown(cell: Cell) -> str:
    return cell.value if isinstance(cell, Missing) else str(cell)


def _fill(paragraph: DocxParagraph, cell: Cell, style: str, *, is_text: bool, is_strong: bool) -> None:
    paragraph.style = style
    run = paragraph.add_run(_shown(cell))
    if is_strong:
        set_font(run._r, HEAD_FONT)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if is_text else WD_ALIGN_PARAGRAPH.CENTER


def _widths(table: DocxTable, shares: Sequence[float]) -> None:
    table.autofit = False
    widths = [Emu(int(TEXT_WIDTH * share / sum(shares))) for share in shares]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    # through the XML: python-docx's `cells` walks the whole table for each cell
    for row in table._tbl.tr_lst:
        for place, width in zip(row.tc_lst, widths, strict=True):
            place.width = width
            _Cell(place, table).vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def _row_stays_whole(row: Any, *, repeats: bool) -> None:
    properties = row.get_or_add_trPr()
    # a row that breaks over two pages is hard to read
    properties.append(OxmlElement("w:cantSplit"))
    if repeats:
        # a table that goes over a page repeats its header
        properties.append(OxmlElement("w:tblHeader"))


def _no_indent(paragraph: DocxParagraph) -> None:
    indent = paragraph._p.get_or_add_pPr().get_or_add_ind()
    indent.set(qn("w:firstLineChars"), "0")
    indent.set(qn("w:firstLine"), "0")


def _rule(paragraph: DocxParagraph, side: str, colour: str, eighths: int, space: int) -> None:
    borders = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:{side} w:val="single" w:sz="{eighths}" w:space="{space}" w:color="{colour}"/></w:pBdr>'
    )
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")
