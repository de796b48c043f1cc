"""`python -m wangjian.serving.superset.assets`: what Superset imports, for a Superset that runs elsewhere over the same published file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wangjian.core.errors import WangjianError
from wangjian.core.paths import data_root
from wangjian.serving.superset.service import write_assets

if __name__ == "__main__":
    try:
        print(
            f"Superset 素材已就绪 assets ready: {write_assets(data_root(), Path(os.environ['WANGJIAN_SUPERSET_HOME']))}"
        )
    except WangjianError as error:
        print(f"✘ {error}", file=sys.stderr)
        sys.exit(error.exit_code)
