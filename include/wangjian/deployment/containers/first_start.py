"""Prepare Airflow for the first start or for a new version: metadata tables, the writer's pool and the first administrator."""

from __future__ import annotations

import os
import subprocess
import sys

from wangjian.core.airflow_names import WRITER_POOL
from wangjian.core.errors import WangjianError


def main() -> None:
    """Bring Airflow's metadata up to date. It can be repeated.

    Raises:
        WangjianError: one of Airflow's commands failed.
    """
    _airflow("db", "migrate")
    _airflow("pools", "set", WRITER_POOL, "1", "one writing process for DuckDB")
    login, password = os.environ["AIRFLOW_ADMIN_USER"], os.environ["AIRFLOW_ADMIN_PASSWORD"]
    is_new = make_administrator(login, password)
    print(
        f"管理员 administrator: {login} ({'已创建 made' if is_new else '已存在，口令不变 there already, password unchanged'})"
    )


def _airflow(*command: str) -> None:
    if subprocess.run([sys.executable, "-m", "airflow", *command], check=False).returncode:
        raise WangjianError(f"`airflow {command[0]} {command[1]}` failed", fix="read what it printed above")


def make_administrator(login: str, password: str) -> bool:
    """Create the first administrator, unless the login exists.

    Args:
        login: the login.
        password: the password of a new administrator.

    Returns:
        Whether the administrator is new.

    Raises:
        WangjianError: Airflow refused to create the user.
    """
    # An existing administrator keeps the password: it may have been changed in Airflow since the first start.
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder  # type: ignore[import-not-found]

    with get_application_builder() as builder:
        manager = builder.sm
        if manager.find_user(username=login):
            return False
        role = manager.find_role("Admin")
        if not manager.add_user(login, "管理员", "administrator", f"{login}@localhost", role, password):
            raise WangjianError(
                "the administrator could not be created", login=login, fix="read what Airflow printed above"
            )
    return True


if __name__ == "__main__":
    try:
        main()
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
