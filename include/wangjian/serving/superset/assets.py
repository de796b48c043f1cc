"""Write the files to import, for a Superset that another service runs: `python -m wangjian.serving.superset.assets`."""

from __future__ import annotations

import sys
from pathlib import Path

from wangjian.core.errors import BadArguments, WangjianError
from wangjian.core.paths import data_root
from wangjian.core.settings import settings
from wangjian.serving.superset.service import write_assets


def _home() -> Path:
    if home := settings().superset_home:
        return home
    raise BadArguments("the folder of Superset's data is not set", fix="set WANGJIAN_SUPERSET_HOME to that folder")


if __name__ == "__main__":
    try:
        print(f"Superset 素材已就绪 assets ready: {write_assets(data_root(), _home())}")
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
