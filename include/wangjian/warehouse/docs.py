"""The models' own documentation: dbt's site as one page, with the project's labels on every column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wangjian.core.files import write_atomically
from wangjian.core.locks import warehouse_lock
from wangjian.core.paths import DataRoot
from wangjian.warehouse.dbt import run_dbt, work_folder
from wangjian.warehouse.labels import Labels, load_labels


def write_model_docs(data: DataRoot) -> Path:
    """Write dbt's docs of the warehouse as it was last built.

    Args:
        data: the data root, with a built warehouse.

    Returns:
        The page: one file, which needs no server and no network.

    Raises:
        WangjianError: dbt could not read the project or the warehouse.
    """
    with warehouse_lock(data, "describe the warehouse"):
        run_dbt(data, "docs generate")
    target = work_folder(data)
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    catalog = (target / "catalog.json").read_text(encoding="utf-8")
    page = (target / "index.html").read_text(encoding="utf-8")
    # what `dbt docs generate --static` does, after the labels are in
    described = json.dumps(labelled(manifest, load_labels()), ensure_ascii=False)
    for place, content in (("MANIFEST", described), ("CATALOG", catalog)):
        # `</` inside a script element could end it
        page = page.replace(f'"{place}.JSON INLINE DATA"', content.replace("</", "<\\/"))
    found = data.docs / "model" / "index.html"
    found.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(found, page)
    return found


def labelled(manifest: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """Describe the columns of the manifest's models: their own words or the label `中文 | English`, and the level of the data.

    Args:
        manifest: dbt's manifest; it is changed in place.
        labels: the project's labels.

    Returns:
        The manifest.
    """
    for node in manifest["nodes"].values():
        for name, column in node.get("columns", {}).items():
            label = labels.label_of_column(node["name"], name)
            own = column.get("description") or ""
            column["description"] = labels.marked(own or label.comment, label.level) if label else own
    return manifest
