"""Render pages from templates. Everything from the data is escaped: no row can become markup or script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from wangjian.ingestion.sources.registry import TIMEZONE
from wangjian.serving.site.bulletins import bulletin_file
from wangjian.serving.site.numbers import change, number, share
from wangjian.serving.site.pages import PAGES
from wangjian.serving.site.shared import Page, Site, unit_of

TEMPLATES = Path(__file__).with_name("templates")
# characters that could end a script element, or a line in a script
_UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True)
class Links:
    """The files outside of the site that its pages link.

    Attributes:
        reports: addresses of reports, by the key of their name in `text.yml`.
        bulletins: addresses of bulletins as files, by month (`2024-03`) and format.
    """

    reports: dict[str, str]
    bulletins: dict[str, dict[str, str]]


def environment() -> Environment:
    """Return the site's Jinja environment. It escapes everything, and an unknown name in a template is an error."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        # a misspelt name must fail the site, not leave a gap that nobody notices
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {
        "json": as_json,
        "number": number,
        "change": change,
        "share": share,
        "clock": clock,
        "bulletin_file": bulletin_file,
    }
    return jinja


def render(jinja: Environment, site: Site, page: Page, links: Links) -> str:
    """Return one page as HTML.

    Args:
        jinja: the environment that `environment` returns.
        site: what all pages share.
        page: the page.
        links: the files outside of the site to link.

    Returns:
        The HTML text.
    """
    words = site.words
    return jinja.get_template(f"{page.name}.html").render(
        page=page,
        pages=[(name, "index.html" if name == "overview" else f"{name}.html") for name in PAGES],
        t=words.text,
        language=words.language,
        html_language="zh-CN" if words.language == "zh" else "en",
        # relative addresses: the folder opens from a disk and from any path of a web server
        up="" if words.language == "zh" else "../",
        other=f"en/{page.file}" if words.language == "zh" else f"../{page.file}",
        publication=site.facts.publication,
        periods=site.periods,
        regions=site.regions,
        violations=site.violations,
        held=site.held,
        kpi=site.kpi,
        definition=lambda code: site.kpis[code],
        unit=lambda code: unit_of(words, site.kpis[code]),
        code=words.code,
        named=site.named,
        month_name=lambda day: month_name(day, words.language),
        words=words.text | {"language": words.language},
        reports=links.reports,
        files=links.bulletins,
        # `regions` is given above, by name, for every page
        **{name: value for name, value in page.shown.items() if name != "regions"},
    )


def as_json(value: Any) -> Markup:
    """Return a value as JSON for a script element, with everything escaped that could end the element or be markup."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return Markup(text.translate(_UNSAFE))  # noqa: S704


def clock(moment: datetime) -> str:
    """Return a time in the bureau's time zone as text."""
    return f"{moment.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d %H:%M}"


def month_name(day: date, language: str) -> str:
    """Return a month as text, such as `2024年3月` or `March 2024`."""
    return f"{day.year}年{day.month}月" if language == "zh" else f"{day:%B %Y}"
