"""Write the check report as a static site (Data Docs), and swap it in one step so that no reader sees half of it."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from wangjian.core.disk import disk_trouble_in_text
from wangjian.core.errors import WangjianError
from wangjian.core.files import show_folder
from wangjian.core.retention import load_retention
from wangjian.quality.report_pages import fix_pages, write_first_page
from wangjian.quality.suites import Suite
from wangjian.state import CheckResult

_SITE = "checks"
_RENDERING = "great_expectations.render.renderer.site_builder"


def write_site(context: Any, docs: Path, run_id: str, suites: Iterable[Suite], results: Iterable[CheckResult]) -> Path:
    """Write the report of the validations that a Great Expectations context ran.

    Args:
        context: the context.
        docs: the folder of all docs sites.
        run_id: the run, which names the report's folder.
        suites: the suites that were run.
        results: their results.

    Returns:
        `<docs>/checks`, a relative link to the report of this run. Earlier reports stay as long as `retention.yml` says.
    """
    folder = docs / f".checks-{run_id}"
    shutil.rmtree(folder, ignore_errors=True)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    for site in tuple(context.list_data_docs_sites()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        _SITE, {"class_name": "SiteBuilder", "show_how_to_buttons": False, "store_backend": store}
    )
    _escape_values(context.validation_results_store)
    with _raising_disk_trouble():
        context.build_data_docs(site_names=[_SITE])
    fix_pages(folder)
    write_first_page(folder, suites, results)
    return _swap(docs / _SITE, folder)


def _escape_values(store: Any) -> None:
    """Escape the values that broke a rule, in all stored results."""
    # Great Expectations writes them into its pages unescaped: markup in a source's row would become part of the page.
    for key in store.list_keys():
        validation = store.get(key)
        for item in validation.results:
            item.result = _escaped(item.result)
        store.set(key, validation)


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return escape(value)
        case dict():
            return {_escaped(name): _escaped(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_escaped(inner) for inner in value]
        case _:
            return value


@contextmanager
def _raising_disk_trouble() -> Iterator[None]:
    """Raise an error of the disk at the end of the block, if Great Expectations only logged one."""
    # It logs a page that it could not write, and continues: a full disk would leave half a report without any error.
    errors: list[WangjianError] = []

    def passes(record: logging.LogRecord) -> bool:
        trouble = disk_trouble_in_text(record.getMessage().split("Traceback:")[0])
        errors.extend([trouble] if trouble else [])
        return trouble is None

    logger = logging.getLogger(_RENDERING)
    logger.addFilter(passes)
    try:
        yield
    finally:
        logger.removeFilter(passes)
    if errors:
        raise errors[0]


def _swap(link: Path, folder: Path) -> Path:
    show_folder(link, folder)
    clear_reports(old_reports(link.parent, load_retention().check_reports.keep))
    return link


def old_reports(docs: Path, keep: int) -> list[Path]:
    """Return the reports that are older than the newest `keep`, without the one that readers see.

    Args:
        docs: the folder of all docs sites.
        keep: the number of reports to keep.

    Returns:
        The folders of the reports.
    """
    shown = (docs / _SITE).resolve()
    reports = sorted((path for path in docs.glob(".checks-*") if path.is_dir()), reverse=True)
    return [path for path in reports[keep:] if path.resolve() != shown]


def clear_reports(old: Iterable[Path]) -> None:
    """Remove reports.

    Args:
        old: their folders.
    """
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
