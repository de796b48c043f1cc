"""A DAG run sends Airflow's metrics over StatsD and writes the metrics of the warehouse to a file."""

from __future__ import annotations

import socket

import pytest

from support.reporting import data
from wangjian.core.paths import DataRoot
from wangjian.operations.metrics import VARIABLE

__all__ = ["data"]

pytestmark = [pytest.mark.world("dags", minutes=3), pytest.mark.slow, pytest.mark.usefixtures("metadata")]


def test_a_run_sends_its_metrics_and_writes_ours(drive, data: DataRoot) -> None:  # type: ignore[no-untyped-def]
    path = data.root / "textfile" / "wangjian.prom"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        settings = {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(receiver.getsockname()[1]),
            "AIRFLOW__METRICS__STATSD_PREFIX": "wangjian_airflow",
        }
        (run,) = drive(
            "run_dags.py", [["health", {}]], WANGJIAN_DATA=str(data.root), **{VARIABLE: str(path)}, **settings
        )
        # everything that was sent is in the socket's buffer now
        receiver.setblocking(False)
        sent = _all(receiver)
    assert run["look"] == "success"
    assert "wangjian_healthy 0.0" in path.read_text(), "the newest data is of 2023"
    assert all(name.startswith("wangjian_airflow.") for name in sent)
    assert any("ti.finish" in name and "health" in name for name in sent), sorted(sent)


def _all(receiver: socket.socket) -> set[str]:
    names = set()
    while True:
        try:
            names |= {line.split(":")[0] for line in receiver.recv(65536).decode().splitlines()}
        except BlockingIOError:
            return names
