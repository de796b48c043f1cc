"""Compose the bulletin of a month from its figures."""

from __future__ import annotations

from wangjian.serving.bulletin.content import Bulletin
from wangjian.serving.bulletin.figures import Figures
from wangjian.serving.bulletin.sections.cases import cases
from wangjian.serving.bulletin.sections.deadlines import deadlines
from wangjian.serving.bulletin.sections.guidance import guidance
from wangjian.serving.bulletin.sections.leads import leads
from wangjian.serving.bulletin.sections.notes import definitions_appendix, figures_appendix, notes
from wangjian.serving.bulletin.sections.overview import overview
from wangjian.serving.bulletin.sections.providers import providers
from wangjian.serving.bulletin.wording import month_text


def compose(figures: Figures) -> Bulletin:
    """Return the bulletin, its parts in the order in which the bureau reports."""
    month = figures.month
    return Bulletin(
        organ=figures.organ,
        masthead="网络交易监测月报",
        title=f"{figures.city}{month_text(month)}网络交易监测情况",
        issue=f"{month.year}年第{month.month}期",
        month=month,
        publication=figures.publication,
        parts=[part(figures) for part in (overview, leads, cases, guidance, deadlines, providers, notes)],
        appendices=[figures_appendix(figures), definitions_appendix(figures)],
    )
