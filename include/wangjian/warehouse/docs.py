"""Write the documentation of the models: dbt's site as one page, with the project's labels on every column."""

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
    """Write dbt's documentation of the last build, and return its path.

    Args:
        data: the data root, with a built warehouse.

    Returns:
        The path of the page: one file that needs no server and no network.

    Raises:
        WangjianError: dbt could not read the project or the warehouse.
    """
    with warehouse_lock(data, "describe the warehouse"):
        run_dbt(data, "docs generate")
    target = work_folder(data)
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    catalog = (target / "catalog.json").read_text(encoding="utf-8")
    page = (target / "index.html").read_text(encoding="utf-8")
    # `dbt docs generate --static` puts the same JSON into the page, but before the labels are added
    described = json.dumps(labelled(manifest, load_labels()), ensure_ascii=False)
    for place, content in (("MANIFEST", described), ("CATALOG", catalog)):
        # `</` inside the JSON could end the script element
        page = page.replace(f'"{place}.JSON INLINE DATA"', content.replace("</", "<\\/"))
    path = data.docs / "model" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page)
    return path


def labelled(manifest: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """Describe each column of the manifest's models with its own description or its label `中文 | English`, and its level.

    Args:
        manifest: dbt's manifest; changed in place.
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
