"""Run SQL on a Thrift server: `.venv-spark/bin/python ask_spark.py PORT` runs the statements of stdin (JSON), and prints the last one's rows.

By itself, because what speaks Thrift is in an environment of its own; with the settings that dbt gives to its sessions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROFILES = Path(__file__).parents[2] / "dbt_project" / "profiles.yml"

if __name__ == "__main__":
    import yaml
    from pyhive import hive

    profile = yaml.safe_load(PROFILES.read_text(encoding="utf-8"))["wangjian"]["outputs"]["spark"]
    session = hive.connect(host="127.0.0.1", port=int(sys.argv[1]), configuration=profile["server_side_parameters"])
    cursor = session.cursor()
    for statement in json.load(sys.stdin):
        cursor.execute(statement)
    print(json.dumps(cursor.fetchall()))
