"""Write the report's first page, and change the pages of Great Expectations so that they need no network.

Data Docs load scripts, styles and a logo from outside hosts. A bureau's report must not wait for these hosts, and they must not learn who
reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from wangjian.core.masking import masked
from wangjian.quality.suites import Suite
from wangjian.state import CheckResult

_REMOTE = re.compile(
    r'<script[^>]+src="https?:[^>]*>\s*</script>|<(?:link|img|source)\b[^>]*(?:href|src|srcset)="https?:[^>]*>|@import[^;]*https?:[^;]*;',
    re.IGNORECASE,
)
# The text between tags. Attributes are left alone: they hold identifiers and links of the pages, which concern no person.
_SHOWN = re.compile(r"(?<=>)[^<]+(?=<)")
# The pages need no script. If a row's text ever becomes part of a page, the browser runs nothing and sends nothing.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'\">"
)
_STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 0 auto; max-width: 1200px;
  padding: 1rem; color: #1b1f24; background: #fff; }
table { border-collapse: collapse; width: 100%; } th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .5rem;
  text-align: left; vertical-align: top; overflow-wrap: break-word; }
.state { white-space: nowrap; } .what { min-width: 15rem; } .seen { min-width: 12rem; overflow-wrap: anywhere; }
.expected { max-width: 12rem; overflow-wrap: anywhere; } .why { min-width: 20rem; }
summary { cursor: pointer; margin: 1rem 0 .5rem; font-weight: bold; }
.failed.critical { background: #ffebe9; } .failed.warning { background: #fff8c5; } .collapse, .modal { display: block; }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117; } a { color: #58a6ff; }
  th, td { border-color: #30363d; } .failed.critical { background: #490202; } .failed.warning { background: #3b2300; } }
"""
_HEAD = ("状态 Status", "检查 Check", "实际 Observed", "应为 Expected", "说明 Why")
_CLASSES = ("state", "what", "seen", "expected", "why")
# The effect of a failure: an expectation stops the publication, the other kinds hold their dataset back. The rest are warnings.
_STATES = {
    ("gx", "critical"): "严重：停止发布<br>stops publication",
    ("contract", "critical"): "严重：该数据集暂缓<br>dataset held back",
    ("reconciliation", "critical"): "严重：该数据集暂缓<br>dataset held back",
}


def fix_pages(folder: Path) -> None:
    """Remove remote resources and personal data from the pages of Great Expectations, and give them the report's style.

    Args:
        folder: the folder of the report.
    """
    for page in folder.rglob("*.html"):
        text = _REMOTE.sub("", page.read_text(encoding="utf-8"))
        text = _SHOWN.sub(lambda shown: masked(shown[0], names=False), text)
        text = text.replace("<head>", f"<head>{_POLICY}", 1)
        page.write_text(text.replace("</head>", f"<style>{_STYLE}</style></head>", 1), encoding="utf-8")


def write_first_page(folder: Path, suites: Iterable[Suite], results: Iterable[CheckResult]) -> None:
    """Write the first page, with the failures first.

    Args:
        folder: the folder of the report.
        suites: the suites that were run.
        results: their results.
    """
    titles = {suite.table: f"{suite.title_zh} {suite.title_en}" for suite in suites}
    details = {page.stem.split(" ")[0]: page for page in sorted((folder / "validations").rglob("*.html"))}
    links = {table: details.get(f"warehouse-{table}") for table in titles}
    ordered = sorted(results, key=lambda result: (_rank(result), result.table_name, result.rule))
    failed = [result for result in ordered if not result.passed]
    passed = [result for result in ordered if result.passed]
    shown, folded = (
        _table([_row(result, titles, _link(folder, links.get(result.table_name))) for result in part])
        for part in (failed, passed)
    )
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8">{_POLICY}'
        '<meta name="viewport" content="width=device-width"><title>质量检查 Data checks</title>'
        f"<style>{_STYLE}</style></head><body><h1>质量检查 Data checks</h1>"
        f"<p>共 {len(ordered)} 项，未通过 {len(failed)} 项。{len(ordered)} checks, {len(failed)} failed.</p>"
        f"{shown if failed else ''}<details{'' if failed else ' open'}>"
        f"<summary>通过的 {len(passed)} 项 {len(passed)} that passed</summary>{folded}</details></body></html>\n",
        encoding="utf-8",
    )


def _rank(result: CheckResult) -> int:
    """Return the position of a result: first what stops the publication, then what holds a dataset back, then warnings."""
    if result.passed:
        return 3
    return 2 if result.severity == "warning" else 0 if result.check_kind == "gx" else 1


def _table(rows: list[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table>"


def _link(folder: Path, page: Path | None) -> str | None:
    return quote(page.relative_to(folder).as_posix()) if page else None


def _row(result: CheckResult, titles: dict[str, str], link: str | None) -> str:
    state = "通过 ok" if result.passed else _STATES.get((result.check_kind, result.severity), "警告 warning")
    title = escape(titles.get(result.table_name, "来源数据集 Dataset of a source"))
    name = f'<a href="{escape(link)}">{title}</a>' if link else title
    cells = (
        state,
        f"{name}<br><code>{escape(result.table_name)}</code><br><code>{escape(result.rule)}</code>",
        escape(result.observed or ""),
        escape(result.expected or ""),
        escape(result.message or ""),
    )
    kind = "passed" if result.passed else f"failed {result.severity}"
    tagged = (f'<td class="{tag}">{cell}</td>' for tag, cell in zip(_CLASSES, cells, strict=True))
    return f'<tr class="{kind}">{"".join(tagged)}</tr>'
