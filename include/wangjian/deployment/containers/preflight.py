"""`python -m wangjian.deployment.containers.preflight NAME …`: before anything starts, are these secrets there, and ones to start with?"""

from __future__ import annotations

import sys

from wangjian.core.errors import WangjianError
from wangjian.deployment.containers.secrets import read_secrets, refuse_weak

if __name__ == "__main__":
    try:
        found = read_secrets()
        refuse_weak({name: found.get(name, "") for name in sys.argv[1:]})
        print(f"✔ 口令与密钥已检查 secrets checked: {', '.join(sys.argv[1:])}")
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
