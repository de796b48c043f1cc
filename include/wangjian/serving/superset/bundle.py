"""Make all files that Superset imports, and the list of roles that may see each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import yaml

from wangjian.serving.superset.charts import chart_file
from wangjian.serving.superset.dashboards import dashboard_file, editions
from wangjian.serving.superset.datasets import Source, dataset_file
from wangjian.serving.superset.description import Description
from wangjian.serving.superset.identity import DATABASE, VERSION, uuid_of
from wangjian.warehouse.labels import Labels

ACCESS = "access.json"


def make_bundle(
    description: Description, labels: Labels, published: duckdb.DuckDBPyConnection, link: Path
) -> dict[str, str]:
    """Return the files of an import.

    Args:
        description: the datasets, charts and dashboards to make.
        labels: the names of columns and codes.
        published: the published file, from which the columns come.
        link: the link that Superset opens; it points to the newest publication.

    Returns:
        The files' texts by their path: `metadata.yaml`, `databases/`, `datasets/`, `charts/`, `dashboards/` in the format
        of Superset, and `access.json`. The same input gives the same bytes.

    Raises:
        BadArguments: the description does not fit the published file or the labels.
    """
    source = Source(published, labels)
    files: dict[str, Any] = {"metadata.yaml": _metadata(), f"databases/{DATABASE}.yaml": _database(link)}
    for name, dataset in description.datasets.items():
        files[f"datasets/{DATABASE}/{name}.yaml"] = dataset_file(dataset, source)
    for name, chart in description.charts.items():
        files[f"charts/{name}.yaml"] = chart_file(name, chart, description.datasets[chart.dataset])
    for name, dashboard, _ in editions(description):
        files[f"dashboards/{name}.yaml"] = dashboard_file(name, dashboard, description, labels)
    texts = {path: yaml.safe_dump(content, allow_unicode=True, sort_keys=False) for path, content in files.items()}
    return texts | {ACCESS: json.dumps(_access(description, published), ensure_ascii=False, indent=1)}


def _metadata() -> dict[str, Any]:
    # a fixed time: the same description must give the same bytes, or every start would import again
    return {"version": VERSION, "type": "assets", "timestamp": "2023-01-01T00:00:00+00:00"}


def _database(link: Path) -> dict[str, Any]:
    # the same as `wangjian sql`: a query in SQL Lab must not write, read other files, or lift these limits
    config = {"enable_external_access": "false", "lock_configuration": "true"}
    return {
        "version": VERSION,
        "uuid": uuid_of("database", DATABASE),
        "database_name": DATABASE,
        "sqlalchemy_uri": f"duckdb:///{link}",
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        # Superset then refuses edits in its interface, which the next import would overwrite
        "is_managed_externally": True,
        "extra": {
            "engine_params": {"connect_args": {"read_only": True, "config": config}},
            "metadata_params": {},
            "allows_virtual_table_explore": True,
        },
    }


def _access(description: Description, published: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    # the counties of today: a role for a county that no longer exists would grant nothing
    counties = published.execute(
        "select region_code, region_name from marts.dim_region where region_level = 4 and valid_to is null order by 1"
    ).fetchall()
    return {
        "counties": [{"region_code": code, "region_name": name} for code, name in counties],
        "datasets": {
            uuid_of("dataset", name): {"name": name, "by_county": dataset.by_county}
            for name, dataset in description.datasets.items()
        },
        "charts": [uuid_of("chart", name) for name in description.charts],
        "dashboards": {
            uuid_of("dashboard", name): {"name": name, "for_counties": for_counties}
            for name, _, for_counties in editions(description)
        },
    }
