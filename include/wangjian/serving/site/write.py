"""Writing the site: into a folder of its own, then shown in one step, so that nobody sees half of it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections import defaultdict
from pathlib import Path

from wangjian.core.files import swap_folder
from wangjian.core.locks import site_lock
from wangjian.core.paths import DataRoot
from wangjian.publishing.reading import current_file, open_published
from wangjian.serving.site.facts import Facts
from wangjian.serving.site.pages import pages_of
from wangjian.serving.site.render import Beside, environment, render
from wangjian.serving.site.shared import read_site
from wangjian.serving.site.wording import LANGUAGES, wording
from wangjian.warehouse.labels import LABELS, Labels, load_labels

NAME = "site"
_HERE = Path(__file__).parent
_STAMP = "publication.json"
# what may lie beside the site in `docs/`, by the key of its name in text.yml
_REPORTS = {
    "checks_report": "checks/index.html",
    "model_docs": "model/index.html",
    "project_docs": "project/index.html",
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
    with site_lock(data, "write the site"), open_published(data) as connection:
        facts = Facts(connection)
        folder = data.docs / f".{NAME}-{facts.publication['publication_id']}-{secrets.token_hex(4)}"
        try:
            _write(folder, facts, load_labels(labels), _reports(data), _bulletin_files(data))
            swap_folder(link, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return link / "index.html"


def is_current(data: DataRoot) -> bool:
    """Whether the site shows what readers of the published file see, and links whatever lies beside it."""
    shown = current_file(data)
    stamp = data.docs / NAME / _STAMP
    if shown is None or not stamp.exists():
        return False
    found = json.loads(stamp.read_text(encoding="utf-8"))
    return bool(found["file"] == shown.name and found.get("beside") == _beside(_reports(data), _bulletin_files(data)))


def _write(
    folder: Path, facts: Facts, labels: Labels, reports: dict[str, str], files: dict[str, dict[str, str]]
) -> None:
    folder.mkdir(parents=True)
    _copy_assets(folder / "assets")
    templates = environment()
    for language in LANGUAGES:
        site = read_site(facts, wording(language, labels))
        home = folder if language == "zh" else folder / language
        home.mkdir(exist_ok=True)
        up = "../" if language == "zh" else "../../"
        beside = Beside(
            {key: up + address for key, address in reports.items()},
            {month: {kind: up + address for kind, address in kinds.items()} for month, kinds in files.items()},
        )
        for page in pages_of(site):
            (home / page.file).write_text(render(templates, site, page, beside), encoding="utf-8")
    stamp = {
        "file": f"warehouse-{facts.publication['publication_id']}.duckdb",
        "as_of": facts.as_of.isoformat(),
        "beside": _beside(reports, files),
    }
    (folder / _STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    # one call for all: to wait for each of the files takes longer than to make them
    os.sync()


def _copy_assets(folder: Path) -> None:
    shutil.copytree(_HERE / "assets", folder)
    shutil.copy(_HERE / "vendor" / "echarts.min.js", folder)
    # a script, since pages opened from a folder may not read other files
    shape = (_HERE / "vendor" / "ganzhou.geojson").read_text(encoding="utf-8")
    (folder / "ganzhou.js").write_text(f"window.ganzhou = {shape.strip()};\n", encoding="utf-8")


def _beside(reports: dict[str, str], files: dict[str, dict[str, str]]) -> list[str]:
    """The addresses of everything that the site links beside itself."""
    return sorted([*reports.values(), *(address for kinds in files.values() for address in kinds.values())])


def _reports(data: DataRoot) -> dict[str, str]:
    return {key: address for key, address in _REPORTS.items() if (data.docs / address).exists()}


def _bulletin_files(data: DataRoot) -> dict[str, dict[str, str]]:
    """What `wangjian bulletin` wrote: addresses by month and format."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for kind in ("docx", "pdf", "xlsx"):
        for path in sorted(data.docs.glob(f"bulletins/bulletin-????-??.{kind}")):
            found[path.stem.removeprefix("bulletin-")][kind] = path.relative_to(data.docs).as_posix()
    return found
