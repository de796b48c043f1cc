"""Import the connections to the simulated sources into Airflow's database, which encrypts them like those to real sources."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PREFIX = "AIRFLOW_CONN_"


def for_import(addresses: Path) -> str:
    """Return the JSON for `airflow connections import`.

    Args:
        addresses: the file that the simulator writes when it is ready.
    """
    connections = json.loads(addresses.read_text())["airflow_connections"]
    return json.dumps({name.removeprefix(PREFIX).lower(): json.loads(value) for name, value in connections.items()})


def main() -> int:
    """Import the connections and return the exit code of Airflow's command.

    They replace those of an earlier simulator, whose ports no longer exist.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(for_import(Path(sys.argv[1])))
        file.flush()
        command = [sys.executable, "-m", "airflow", "connections", "import", "--overwrite", file.name]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
