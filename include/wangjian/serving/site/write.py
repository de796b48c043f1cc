"""Write the site into a new folder, then show it in one step, so that nobody sees half of it."""

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
from wangjian.serving.site.render import Links, environment, render
from wangjian.serving.site.shared import read_site
from wangjian.serving.site.wording import LANGUAGES, wording
from wangjian.warehouse.labels import LABELS, Labels, load_labels

NAME = "site"
_HERE = Path(__file__).parent
_STAMP = "publication.json"
# the reports that may be next to the site in `docs/`, by the key of their name in text.yml
_REPORTS = {
    "checks_report": "checks/index.html",
    "model_docs": "model/index.html",
    "project_docs": "project/index.html",
}


def write_site(data: DataRoot, labels: Path = LABELS) -> Path:
    """Write the site of the publication that readers see now, and show it in one step.

    Args:
        data: the data root.
        labels: the file of labels.

    Returns:
        The path of its first page, `<docs>/site/index.html`. The last site stays for those who are reading it.

    Raises:
        WangjianError: nothing is published yet.
        BadArguments: the labels cannot be read.
    """
    link = data.docs / NAME
    with site_lock(data, "write the site"), open_published(data) as connection:
        facts = Facts(connection)
        # a random suffix: the site of one publication may be written again while the last one is still being read
        folder = data.docs / f".{NAME}-{facts.publication['publication_id']}-{secrets.token_hex(4)}"
        try:
            _write(folder, facts, load_labels(labels), _reports(data), _bulletin_files(data))
            # a rename of the link: a reader sees the last site or the new one, never a mix
            swap_folder(link, folder)
        except BaseException:
            # also for Ctrl-C: a folder that no link shows would stay on the disk
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return link / "index.html"


def is_current(data: DataRoot) -> bool:
    """Return whether the site shows the current publication and links every report and bulletin that exists."""
    shown = current_file(data)
    stamp = data.docs / NAME / _STAMP
    if shown is None or not stamp.exists():
        return False
    written = json.loads(stamp.read_text(encoding="utf-8"))
    linked = _linked(_reports(data), _bulletin_files(data))
    return bool(written["file"] == shown.name and written.get("beside") == linked)


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
        links = Links(
            {key: up + address for key, address in reports.items()},
            {month: {kind: up + address for kind, address in kinds.items()} for month, kinds in files.items()},
        )
        for page in pages_of(site):
            (home / page.file).write_text(render(templates, site, page, links), encoding="utf-8")
    stamp = {
        "file": f"warehouse-{facts.publication['publication_id']}.duckdb",
        "as_of": facts.as_of.isoformat(),
        "beside": _linked(reports, files),
    }
    (folder / _STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    # one sync for all files, before the link changes: an fsync for each file takes longer than writing the site
    os.sync()


def _copy_assets(folder: Path) -> None:
    shutil.copytree(_HERE / "assets", folder)
    shutil.copy(_HERE / "vendor" / "echarts.min.js", folder)
    # a script, since a page opened from a folder may load scripts but may not fetch a JSON file
    shape = (_HERE / "vendor" / "ganzhou.geojson").read_text(encoding="utf-8")
    (folder / "ganzhou.js").write_text(f"window.ganzhou = {shape.strip()};\n", encoding="utf-8")


def _linked(reports: dict[str, str], files: dict[str, dict[str, str]]) -> list[str]:
    """Return the addresses of everything outside of the site that it links."""
    return sorted([*reports.values(), *(address for kinds in files.values() for address in kinds.values())])


def _reports(data: DataRoot) -> dict[str, str]:
    return {key: address for key, address in _REPORTS.items() if (data.docs / address).exists()}


def _bulletin_files(data: DataRoot) -> dict[str, dict[str, str]]:
    """Return the addresses of the bulletins that `wangjian bulletin` wrote, by month and format."""
    addresses: dict[str, dict[str, str]] = defaultdict(dict)
    for kind in ("docx", "pdf", "xlsx"):
        for path in sorted(data.docs.glob(f"bulletins/bulletin-????-??.{kind}")):
            addresses[path.stem.removeprefix("bulletin-")][kind] = path.relative_to(data.docs).as_posix()
    return addresses
