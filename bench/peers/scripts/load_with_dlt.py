"""Load pages of JSON into a DuckDB file with dlt: `python load_with_dlt.py FILES.json FOLDER`."""

import json
import os
import sys
from pathlib import Path

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt

files, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])


def records(paths):
    for path in paths:
        # one list per page: dlt is faster with lists than with single rows
        yield json.loads(Path(path).read_bytes())["records"]


pipeline = dlt.pipeline(
    "pages",
    pipelines_dir=str(folder / "pipelines"),
    destination=dlt.destinations.duckdb(str(folder / "pages.duckdb")),
    dataset_name="raw",
)
# without nesting limits dlt would make a table of each list; in the warehouse a list stays in its column
pipeline.run(
    [
        dlt.resource(records(paths), name=name, max_table_nesting=0, write_disposition="replace")
        for name, paths in files.items()
    ]
)
with pipeline.sql_client() as client:
    counts = {}
    for name in files:
        with client.execute_query(f"select count(*) from {name}") as cursor:
            counts[name] = cursor.fetchone()[0]
(folder / "counts.json").write_text(json.dumps(counts))
