"""The simulated sources' connections into Airflow's database, where they are kept encrypted like those of the real ones."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PREFIX = "AIRFLOW_CONN_"


def for_import(addresses: Path) -> str:
    """What `airflow connections import` takes, from the file that the simulator writes when it is ready."""
    found = json.loads(addresses.read_text())["airflow_connections"]
    return json.dumps({name.removeprefix(PREFIX).lower(): json.loads(value) for name, value in found.items()})


def main() -> int:
    """Import them; those of an earlier simulator are replaced."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(for_import(Path(sys.argv[1])))
        file.flush()
        command = [sys.executable, "-m", "airflow", "connections", "import", "--overwrite", file.name]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
