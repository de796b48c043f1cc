"""四、行政指导与平台检查: interviews, visits, notices, checks, and the actions of the campaigns."""

from __future__ import annotations

from wangjian.serving.bulletin.cells import COMPARED, compared_cells
from wangjian.serving.bulletin.content import Column, Paragraph, Part, Table
from wangjian.serving.bulletin.figures import Figures
from wangjian.serving.bulletin.wording import figure
from wangjian.warehouse.kpi_blocks import kpis_shown


def guidance(figures: Figures) -> Part:
    """Return the part on guidance, with one table of guidance and one of the campaign's KPIs."""
    blocks = (
        Paragraph(_guided(figures)),
        _table(figures, "行政指导与平台检查", kpis_shown("bulletin.actions")),
        Paragraph(_inspected(figures)),
        _table(figures, "网络市场监管专项行动指标", kpis_shown("bulletin.campaign_actions")),
    )
    return Part("行政指导与平台检查", "行政指导", blocks)


def _guided(figures: Figures) -> str:
    total = {item.kpi_code: figure(figures.total(item.kpi_code)) for item in figures.definitions}
    return (
        f"{figures.month.month}月，行政约谈{total['K15_INTERVIEWS']}，走访平台{total['K15_VISITS']}，"
        f"发出责令改正通知书{total['K15_NOTICES']}，检查平台{total['K15_CHECKS']}。"
        f"平台自查发现问题{total['K15_ISSUES_SELF']}，集中评审发现问题{total['K15_ISSUES_REVIEW']}，"
        f"当月发现问题整改率{total['K15_RECTIFIED_RATE']}。"
    )


def _inspected(figures: Figures) -> str:
    parts = "，".join(
        f"{name}{figure(figures.total(kpi))}"
        for name, kpi in (
            ("网上检查网站网店", "P06"), ("实地检查", "P07"), ("删除违法商品信息", "P01"), ("责令整改网站", "P02"),
            ("责令整改网店", "P03"), ("提请关闭网站", "P04"), ("责令停止平台服务网店", "P05"),
        )
    )  # fmt: skip
    return f"{parts}。个次、家次为行动次数，同一对象可计多次。"


def _table(figures: Figures, caption: str, kpis: tuple[str, ...]) -> Table:
    names = {item.kpi_code: f"{item.kpi_name}（{item.unit}）" for item in figures.definitions}
    # the list of KPIs may be newer than the publication, which then lacks a KPI
    rows = tuple((names[kpi], *compared_cells(figures.total(kpi))) for kpi in kpis if kpi in names)
    return Table(caption, (Column("指标", 2.4, is_text=True), *COMPARED), rows)
