"""七、数据说明 and the appendices: the date of the data, held datasets, restated figures, the definition of each KPI."""

from __future__ import annotations

from wangjian.serving.bulletin.cells import COMPARED, compared_cells
from wangjian.serving.bulletin.content import Column, Heading, Missing, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures, Restatement
from wangjian.serving.bulletin.wording import day_text, figure_text, month_text

_LISTED = 12


def notes(figures: Figures) -> Part:
    """Return the part with the notes on the data."""
    publication = figures.publication
    blocks = (
        Paragraph(
            f"数据截至{day_text(publication.as_of)}，依据发布批次{publication.publication_id}自动编制，印发前请人工审核。"
            "数据来自网络交易监测监管五级贯通系统、网络交易监管系统（江西专版）和第三方监测服务；三个来源报送的同一线索只计一次。"
        ),
        Heading("暂缓数据"),
        Paragraph(_held(figures)),
        Heading("订正"),
        *_restated(figures),
        Heading("口径"),
        Paragraph(
            "“户”指经营者，“家”指网络载体，“家次”“个次”指行动次数，“条”指线索，“件”指案件，“份”指文书。"
            "月末存量不跨月累加。罚没金额为罚款与没收之和。立案、决定、结案、公示按各自日期统计。"
        ),
        Paragraph(
            f"环比指与上月相比，同比指与上年同月相比；比率类指标以百分点比较。{_years(figures)}"
            f"表中“{Missing.NONE.value}”表示无数据或无可比数据；“{Missing.SUPPRESSED.value}”表示分母不足{figures.small_base}，不列比率。"
            "各项指标口径见附件2。"
        ),
    )
    return Part("数据说明", "数据说明", blocks)


def _years(figures: Figures) -> str:
    # with one comparison there is no need to explain that comparisons are missing
    if any(item.last_year is not None for item in figures.rows.values()):
        return ""
    return "上年同月数据不在监测系统数据范围内，本期不作同比。"


def _held(figures: Figures) -> str:
    if not figures.held:
        return "本次发布无暂缓数据集。"
    datasets = "；".join(
        f"{item.source}{item.provider}{item.dataset}自{day_text(item.since)}起（{item.reasons}）"
        for item in figures.held
    )
    return f"以下数据集未通过校验，自所示日期起暂缓计入，相关指标可能不全：{datasets}。"


def _restated(figures: Figures) -> tuple[Paragraph | Table, ...]:
    if not figures.restatements:
        return (Paragraph("自首次公布以来，本月及以前各月全市指标无订正。"),)
    columns = (Column("月份", 1.2, is_text=True), Column("指标", 2, is_text=True), Column("月度公布时"), Column("现为"))
    # only the newest: a long list would push the notes off the page, and the published table has all of them
    shown = figures.restatements[:_LISTED]
    rows = tuple((month_text(item.month), item.kpi_name, *_values(item)) for item in shown)
    rest = len(figures.restatements) - len(shown)
    more = f"，其余{rest}项见reports.rpt_kpi_restatement" if rest else ""
    words = f"因迟报、更正，以下全市指标与月度公布时不同（共{len(figures.restatements)}项{more}）。"
    return (Paragraph(words), Table("指标订正", columns, rows))


def _values(item: Restatement) -> tuple[str, str]:
    return figure_text(item.closed_value, item.unit), figure_text(item.value, item.unit)


def figures_appendix(figures: Figures) -> Part:
    """Return 附件1: every figure of the city."""
    rows = tuple(
        (item.kpi_name, {"元": "万元"}.get(item.unit, item.unit), *compared_cells(figures.total(item.kpi_code)))
        for item in figures.definitions
        if item.has_source
    )
    columns = (Column("指标", 2.2, is_text=True), Column("单位", 0.9, is_text=True), *COMPARED)
    note = "比率类指标的环比、同比为百分点。"
    return Part("全市主要指标", "全市指标", (Table("全市主要指标", columns, rows, note=note, is_small=True),))


def definitions_appendix(figures: Figures) -> Part:
    """Return 附件2: the definition of every KPI."""
    columns = (
        Column("指标", 1.3, is_text=True),
        Column("单位", 0.6, is_text=True),
        Column("口径", 3.2, is_text=True),
        Column("依据", 1.6, is_text=True),
    )
    rows = tuple(
        (item.kpi_name, item.unit, item.formula if item.has_source else "暂无数据来源", item.legal_basis or "")
        for item in figures.definitions
    )
    return Part("指标口径", "指标口径", (Table("指标口径", columns, rows, is_small=True),))
