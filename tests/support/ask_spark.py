"""SQL for a Thrift server: `.venv-spark/bin/python ask_spark.py PORT` runs the statements of stdin (JSON), and prints the rows of the last.

By itself, because what speaks Thrift is in an environment of its own.
"""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    from pyhive import hive

    cursor = hive.connect(host="127.0.0.1", port=int(sys.argv[1])).cursor()
    for statement in json.load(sys.stdin):
        cursor.execute(statement)
    print(json.dumps(cursor.fetchall()))
