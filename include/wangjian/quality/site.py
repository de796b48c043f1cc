"""The check report as a static site (Data Docs), swapped in one step so that no reader sees half of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wangjian.files import swap_folder
from wangjian.quality.page import mend_pages, write_first_page
from wangjian.quality.suites import Suite
from wangjian.state import CheckResult

_SITE = "checks"


def write_site(context: Any, docs: Path, run_id: str, suites: Iterable[Suite], results: Iterable[CheckResult]) -> Path:
    """Write the report of what a Great Expectations context ran.

    Args:
        context: the context.
        docs: the folder of all docs sites.
        run_id: names the report.
        suites: the suites that it ran.
        results: what they gave.

    Returns:
        `<docs>/checks`, a relative link to the report of this run; that of the run before stays for its readers.
    """
    folder = docs / f".checks-{run_id}"
    shutil.rmtree(folder, ignore_errors=True)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    for site in tuple(context.list_data_docs_sites()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        _SITE, {"class_name": "SiteBuilder", "show_how_to_buttons": False, "store_backend": store}
    )
    context.build_data_docs(site_names=[_SITE])
    mend_pages(folder)
    write_first_page(folder, suites, results)
    swap_folder(docs / _SITE, folder)
    return docs / _SITE
