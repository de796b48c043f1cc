"""Check that secrets are set and strong, before any container starts.

Usage: `python -m wangjian.deployment.containers.preflight NAME …`.
"""

from __future__ import annotations

import sys

from wangjian.core.errors import WangjianError
from wangjian.deployment.containers.secrets import read_secrets, refuse_weak

if __name__ == "__main__":
    try:
        secrets = read_secrets()
        # The names that are required come from docker-compose.yml; `read_secrets` leaves out empty ones.
        refuse_weak({name: secrets.get(name, "") for name in sys.argv[1:]})
        print(f"✔ 口令与密钥已检查 secrets checked: {', '.join(sys.argv[1:])}")
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
