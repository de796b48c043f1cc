"""Charts in the native format of office programs: sharp at any size, in the reader's fonts, and editable."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from openpyxl.chart import BarChart, LineChart, Reference, Series
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties
from openpyxl.worksheet.worksheet import Worksheet

from wangjian.serving.bulletin.content import Cell, Chart

# dark, and distinct also in a black-and-white print and for colour-blind readers
COLOURS = ("1F4E79", "C55A11", "7F7F7F")
_GRID = "D9D9D9"
WIDTH_CM, HEIGHT_CM = 15.4, 7.4


def chart_on(sheet: Worksheet, chart: Chart, header_row: int, *, with_title: bool) -> Any:
    """Return a chart of a table on a sheet.

    Args:
        sheet: the sheet that holds the table, from column A.
        chart: the chart to draw.
        header_row: the row of the table's header, from 1; the table's rows follow it.
        with_title: whether the chart shows its caption.

    Returns:
        The chart. It also holds the numbers, so that a program can draw it without reading the cells.
    """
    # money and cases share no scale: the lines get an axis of their own
    bars = [index for index in chart.series if index not in chart.lines]
    drawn = _draw(sheet, chart, header_row, bars, LineChart() if chart.kind == "line" else _bars(chart.kind))
    drawn.title = chart.caption if with_title else None
    drawn.width, drawn.height = WIDTH_CM, HEIGHT_CM
    if chart.lines:
        drawn += _second_axis(sheet, chart, header_row)
    drawn.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))
    # below: at the side, a legend would take its width from the months
    drawn.legend.position = "b"
    drawn.legend.txPr = _text(900)
    if len(chart.series) == 1:
        # one series is named by the caption
        drawn.legend = None
    return drawn


def _bars(kind: str) -> BarChart:
    bars = BarChart()
    bars.type = "bar" if kind == "bar" else "col"
    bars.gapWidth = 60
    return bars


def _draw(sheet: Worksheet, chart: Chart, header_row: int, series: Sequence[int], drawn: Any) -> Any:
    for place, index in enumerate(series):
        drawn.series.append(_series(sheet, chart, header_row, index, COLOURS[chart.series.index(index)]))
        if isinstance(drawn, LineChart):
            _as_line(drawn.series[place], COLOURS[chart.series.index(index)])
    _dress_axes(drawn, is_horizontal=chart.kind == "bar")
    return drawn


def _second_axis(sheet: Worksheet, chart: Chart, header_row: int) -> Any:
    drawn = _draw(sheet, chart, header_row, chart.lines, LineChart())
    # the second axis needs an x axis of its own: some programs draw a shared one twice
    drawn.x_axis.axId, drawn.x_axis.crossAx, drawn.x_axis.delete = 20, 200, True
    drawn.y_axis.axId, drawn.y_axis.crossAx = 200, 20
    drawn.y_axis.crosses = "max"
    drawn.y_axis.majorGridlines = None
    return drawn


def _series(sheet: Worksheet, chart: Chart, header_row: int, index: int, colour: str) -> Any:
    first, last = header_row + 1, header_row + len(chart.rows)
    names = [str(row[0]) for row in chart.rows]
    values = [row[index] for row in chart.rows]
    series = Series(Reference(sheet, min_col=index + 1, min_row=first, max_row=last))
    # the cache holds the numbers: programs draw the chart from it without opening the workbook
    series.val = NumDataSource(numRef=NumRef(_range(sheet, index, first, last), numCache=_numbers(values)))
    series.cat = AxDataSource(strRef=StrRef(_range(sheet, 0, first, last), strCache=_texts(names)))
    name = _texts([chart.table.columns[index].name])
    series.tx = SeriesLabel(strRef=StrRef(_range(sheet, index, header_row, header_row), strCache=name))
    series.graphicalProperties = GraphicalProperties(solidFill=colour)
    series.graphicalProperties.line.noFill = True
    if len(chart.series) == 1 or chart.kind == "bar":
        series.dLbls = _labels()
    return series


def _range(sheet: Worksheet, index: int, first: int, last: int) -> str:
    return str(Reference(sheet, min_col=index + 1, min_row=first, max_row=last))


def _numbers(values: Sequence[Cell]) -> NumData:
    """Return the points of a series. A missing value has no point: the chart shows a gap, not a zero."""
    points = [NumVal(idx=at, v=str(value)) for at, value in enumerate(values) if isinstance(value, int | Decimal)]
    return NumData(formatCode="General", ptCount=len(values), pt=points)


def _texts(texts: Sequence[str]) -> StrData:
    return StrData(ptCount=len(texts), pt=[StrVal(idx=at, v=text) for at, text in enumerate(texts)])


def _as_line(series: Any, colour: str) -> None:
    series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=colour, w=22225))
    series.marker.symbol = "circle"
    series.marker.size = 5
    series.marker.graphicalProperties = GraphicalProperties(solidFill=colour)
    # a smoothed line shows values between the months that nobody counted
    series.smooth = False


def _labels() -> DataLabelList:
    labels = DataLabelList(showVal=True, txPr=_text(800))
    labels.showSerName = labels.showCatName = labels.showLegendKey = labels.showPercent = False
    return labels


def _dress_axes(drawn: Any, *, is_horizontal: bool) -> None:
    grey = GraphicalProperties(ln=LineProperties(solidFill=_GRID))
    # without this, newer office programs leave the axes out
    drawn.x_axis.delete = drawn.y_axis.delete = False
    drawn.x_axis.txPr, drawn.y_axis.txPr = _text(900), _text(900)
    drawn.x_axis.graphicalProperties = drawn.y_axis.graphicalProperties = grey
    drawn.y_axis.majorGridlines.spPr = grey
    drawn.y_axis.number_format = "General"
    # from 0: a cut axis makes small changes look large
    drawn.y_axis.scaling.min = 0
    drawn.x_axis.tickLblPos = "low"
    if is_horizontal:
        # bars start at the bottom; reversed, the first row is on top as in the table, and "max" puts the numbers below
        drawn.x_axis.scaling.orientation = "maxMin"
        drawn.y_axis.crosses = "max"


def _text(size: int) -> RichText:
    """Return the look of a text; `size` is in hundredths of a point."""
    font = Font(typeface="仿宋")
    properties = CharacterProperties(sz=size, b=False, latin=Font(typeface="Times New Roman"), ea=font)
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=properties), endParaRPr=properties)])
