"""Writing the site: into a folder of its own, then shown in one step, so that nobody sees half of it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from pathlib import Path

from jinja2 import Environment

from wangjian.files import exclusive_lock, swap_folder
from wangjian.paths import DataRoot
from wangjian.publishing.labels import LABELS, Labels, load_labels
from wangjian.publishing.reading import current_file, open_published
from wangjian.site.facts import Facts
from wangjian.site.pages import pages_of
from wangjian.site.render import environment, render
from wangjian.site.shared import Site, read_site
from wangjian.site.wording import LANGUAGES, wording

NAME = "site"
_HERE = Path(__file__).parent
_STAMP = "publication.json"
# what may lie beside the site in `docs/`, by the key of its name in text.yml
_REPORTS = {
    "checks_report": "checks/index.html",
    "model_docs": "model/index.html",
    "bulletin_files": "bulletin/index.html",
}


def write_site(data: DataRoot, labels: Path = LABELS) -> Path:
    """Make the site of the publication that readers see now, and show it in one step.

    Args:
        data: the data root.
        labels: the file of labels.

    Returns:
        Its first page, `<docs>/site/index.html`. The site before stays for those who are reading it.

    Raises:
        WangjianError: nothing is published yet.
        BadArguments: the labels cannot be read.
    """
    link = data.docs / NAME
    with exclusive_lock(data.state / "locks" / "site.lock", doing="write the site"), open_published(data) as connection:
        facts = Facts(connection)
        folder = data.docs / f".{NAME}-{facts.publication['publication_id']}-{secrets.token_hex(4)}"
        try:
            _write(folder, facts, load_labels(labels), _reports(data))
            swap_folder(link, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return link / "index.html"


def is_current(data: DataRoot) -> bool:
    """Whether the site shows what readers of the published file see."""
    shown = current_file(data)
    stamp = data.docs / NAME / _STAMP
    if shown is None or not stamp.exists():
        return False
    return bool(json.loads(stamp.read_text(encoding="utf-8"))["file"] == shown.name)


def _write(folder: Path, facts: Facts, labels: Labels, reports: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    _copy_assets(folder / "assets")
    templates = environment()
    for language in LANGUAGES:
        site = read_site(facts, wording(language, labels))
        home = folder if language == "zh" else folder / language
        home.mkdir(exist_ok=True)
        up = "../" if language == "zh" else "../../"
        _write_pages(home, templates, site, {key: up + address for key, address in reports.items()})
    stamp = {"file": f"warehouse-{facts.publication['publication_id']}.duckdb", "as_of": facts.as_of.isoformat()}
    (folder / _STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    # one call for all: to wait for each of the files takes longer than to make them
    os.sync()


def _write_pages(home: Path, templates: Environment, site: Site, reports: dict[str, str]) -> None:
    for page in pages_of(site):
        (home / page.file).write_text(render(templates, site, page, reports), encoding="utf-8")


def _copy_assets(folder: Path) -> None:
    shutil.copytree(_HERE / "assets", folder)
    shutil.copy(_HERE / "vendor" / "echarts.min.js", folder)
    # a script, since pages opened from a folder may not read other files
    shape = (_HERE / "vendor" / "ganzhou.geojson").read_text(encoding="utf-8")
    (folder / "ganzhou.js").write_text(f"window.ganzhou = {shape.strip()};\n", encoding="utf-8")


def _reports(data: DataRoot) -> dict[str, str]:
    return {key: address for key, address in _REPORTS.items() if (data.docs / address).exists()}
