"""Load pages of JSON into Parquet with polars: `python load_with_polars.py FILES.json FOLDER`."""

import json
import sys
from pathlib import Path

import polars as pl

files, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
counts = {}
for name, paths in files.items():
    # polars infers a type per page, and a column that is empty in one page gets another type there: `diagonal_relaxed` finds a common one
    pages = [
        pl.read_json(path, infer_schema_length=None).select(pl.col("records").explode()).unnest("records")
        for path in paths
        if json.loads(Path(path).read_bytes())["records"]
    ]
    table = pl.concat(pages, how="diagonal_relaxed")
    table.write_parquet(folder / f"{name}.parquet", compression="zstd")
    counts[name] = table.height
(folder / "counts.json").write_text(json.dumps(counts))
