"""Exit with 0 if the component of this container is alive.

Usage: `python -m wangjian.deployment.containers.alive scheduler|triggerer|dag-processor`.
Airflow's own `airflow jobs check` does the same, but takes five seconds of a core each time.
"""

from __future__ import annotations

import socket
import sys
from datetime import timedelta

from wangjian.deployment.containers.secrets import environment, read_secrets

JOBS = {"scheduler": "SchedulerJob", "triggerer": "TriggererJob", "dag-processor": "DagProcessorJob"}
LONGEST_SILENCE = timedelta(seconds=60)
_ASK = """
    select count(*) from job
    where job_type = %s and hostname = any(%s) and state = 'running' and latest_heartbeat > now() - %s
"""


def is_alive(component: str) -> bool:
    """Return whether the component of this host wrote its heartbeat to the metadata database within `LONGEST_SILENCE`.

    Args:
        component: a key of `JOBS`.
    """
    import psycopg

    address = environment(read_secrets())["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    # A component may have registered under either name.
    names = [socket.gethostname(), socket.getfqdn()]
    with psycopg.connect(address.replace("+psycopg2", ""), connect_timeout=5) as connection:
        row = connection.execute(_ASK, (JOBS[component], names, LONGEST_SILENCE)).fetchone()
    return bool(row and row[0])


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1]) else 1)
