"""Before anything starts: are the secrets of all services ones to start with? Reading them is the check."""

from __future__ import annotations

import sys

from wangjian.containers.secrets import read_secrets
from wangjian.errors import WangjianError

if __name__ == "__main__":
    try:
        print(f"✔ 口令与密钥已检查 secrets checked: {', '.join(read_secrets())}")
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
