"""`python -m wangjian.deployment.containers MODULE …`: run a module (`airflow`, `wangjian`) with the container's secrets in its environment."""

from __future__ import annotations

import os
import sys

from wangjian.core.errors import WangjianError
from wangjian.deployment.containers.secrets import environment, read_secrets


def main() -> None:
    """Become the module, or say why not."""
    try:
        found = environment(read_secrets())
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    if sys.argv[1] == "wangjian":
        # a command that somebody gives finds the connections in Airflow's database, as a task does
        found["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    os.execve(sys.executable, [sys.executable, "-m", *sys.argv[1:]], found)  # noqa: S606


if __name__ == "__main__":
    main()
