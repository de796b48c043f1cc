"""`python -m wangjian.deployment.containers MODULE …`: run a module (`airflow`, `wangjian`) with the container's secrets in its environment."""

from __future__ import annotations

import os
import sys

from wangjian.core.errors import WangjianError
from wangjian.deployment.containers.secrets import environment, read_secrets


def main() -> None:
    """Replace this process by the module, or print the error and exit."""
    try:
        variables = environment(read_secrets())
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    if sys.argv[1] == "wangjian":
        # With this variable a command reads the connections from Airflow's database, as a task does.
        variables["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    # Replaced, not started: the module must get the container's signals, so that it can stop in order.
    os.execve(sys.executable, [sys.executable, "-m", *sys.argv[1:]], variables)  # noqa: S606


if __name__ == "__main__":
    main()
