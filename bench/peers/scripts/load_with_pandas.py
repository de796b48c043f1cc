"""Load pages of JSON into Parquet with pandas: `python load_with_pandas.py FILES.json FOLDER`."""

import json
import sys
from pathlib import Path

import pandas as pd

files, folder = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
counts = {}
for name, paths in files.items():
    rows = [row for path in paths for row in json.loads(Path(path).read_bytes())["records"]]
    table = pd.DataFrame(rows)
    table.to_parquet(folder / f"{name}.parquet", compression="zstd")
    counts[name] = len(table)
(folder / "counts.json").write_text(json.dumps(counts))
