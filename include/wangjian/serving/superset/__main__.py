"""`make superset`: run Superset on this machine until Ctrl-C."""

from __future__ import annotations

import signal
import sys

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import data_root
from wangjian.core.settings import settings
from wangjian.serving.superset.service import running


def main() -> int:
    """Run Superset, and print its address and how to log in.

    Returns:
        The exit code.
    """
    # SIGTERM must end like Ctrl-C: without this, the server would go on without its parent and keep the port
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    data = data_root()
    try:
        print("准备 Superset，首次约一分钟 preparing, about a minute the first time …", flush=True)
        with running(data, _port()) as server:
            print(f"地址 address   {server.address}\n登录 login     admin / {server.password}")
            print(f"数据 data root {data.root}\n停止 to stop    Ctrl-C", flush=True)
            return server.process.wait()
    except KeyboardInterrupt:
        print("\n已停止 stopped")
        return 0
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        return error.exit_code


def _port() -> int:
    """Return the port of the setting; 0, for any free port, if it is not set."""
    text = settings().port
    if not text.isdecimal():
        raise BadArguments("PORT is not a number", PORT=text, fix="give a number, or leave PORT out")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
