"""The report's first page, and the mending of Great Expectations' own pages so that they need no network.

Data Docs load scripts, styles and a logo from outside hosts: a bureau's report must neither wait for them nor tell
them who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from wangjian.masking import masked
from wangjian.quality.suites import Suite
from wangjian.state import CheckResult

_REMOTE = re.compile(
    r'<script[^>]+src="https?:[^>]*>\s*</script>|<(?:link|img|source)\b[^>]*(?:href|src|srcset)="https?:[^>]*>|@import[^;]*https?:[^;]*;',
    re.IGNORECASE,
)
# what stands between tags: attributes hold ids and links, which are no one's
_SHOWN = re.compile(r"(?<=>)[^<]+(?=<)")
_STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 0 auto; max-width: 1200px;
  padding: 1rem; color: #1b1f24; background: #fff; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .5rem;
  text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.failed.critical { background: #ffebe9; } .failed.warning { background: #fff8c5; } .collapse, .modal { display: block; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } a { color: #58a6ff; }
  th, td { border-color: #30363d; } .failed.critical { background: #490202; } .failed.warning { background: #3b2300; } }
"""
_HEAD = ("状态 Status", "表 Table", "规则 Rule", "实际 Observed", "应为 Expected", "说明 Why")


def mend_pages(folder: Path) -> None:
    """Take everything remote and personal out of Great Expectations' pages and give them a style of our own.

    Args:
        folder: the site.
    """
    for page in folder.rglob("*.html"):
        text = _REMOTE.sub("", page.read_text(encoding="utf-8"))
        text = _SHOWN.sub(lambda shown: masked(shown[0], names=False), text)
        page.write_text(text.replace("</head>", f"<style>{_STYLE}</style></head>", 1), encoding="utf-8")


def write_first_page(folder: Path, suites: Iterable[Suite], results: Iterable[CheckResult]) -> None:
    """Write the first page: what failed stands first.

    Args:
        folder: the site.
        suites: the suites that were run.
        results: their results.
    """
    titles = {suite.table: f"{suite.title_zh} {suite.title_en}" for suite in suites}
    details = {page.stem.split(" ")[0]: page for page in sorted((folder / "validations").rglob("*.html"))}
    links = {table: details.get(f"warehouse-{table}") for table in titles}
    ordered = sorted(results, key=lambda result: (result.passed, result.severity, result.table_name, result.rule))
    failed = sum(not result.passed for result in ordered)
    rows = "\n".join(_row(result, titles, _link(folder, links.get(result.table_name))) for result in ordered)
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    (folder / "index.html").write_text(
        '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>质量检查 Data checks</title>'
        f"<style>{_STYLE}</style></head><body><h1>质量检查 Data checks</h1>"
        f"<p>共 {len(ordered)} 项,未通过 {failed} 项。{len(ordered)} checks, {failed} failed.</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></body></html>\n",
        encoding="utf-8",
    )


def _link(folder: Path, page: Path | None) -> str | None:
    return quote(page.relative_to(folder).as_posix()) if page else None


def _row(result: CheckResult, titles: dict[str, str], link: str | None) -> str:
    state = "通过 ok" if result.passed else {"critical": "严重 critical", "warning": "警告 warning"}[result.severity]
    title = titles.get(result.table_name, "来源数据集 Dataset of a source")
    table = f"{escape(title)}<br><code>{escape(result.table_name)}</code>"
    cells = (
        state,
        f'<a href="{escape(link)}">{table}</a>' if link else table,
        f"<code>{escape(result.rule)}</code>",
        escape(result.observed or ""),
        escape(result.expected or ""),
        escape(result.message or ""),
    )
    kind = "passed" if result.passed else f"failed {result.severity}"
    return f'<tr class="{kind}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
