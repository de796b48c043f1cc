"""The format of a data root: which versions of the code may work on it. When it goes up: docs/how-to/upgrade.md."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from wangjian.core.errors import WangjianError
from wangjian.core.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from wangjian.core.paths import DataRoot

FORMAT = 1
"""The format number. Raise it when an older version would misread what this version writes to `landing/` or `state/`.

Everything else in the data root can be built again from these two folders, so it needs no format number.
"""

READABLE_SINCE = "0.1.0"
"""The first version that reads this format."""


class NewerData(WangjianError):
    """A newer version wrote the data root, and this version would misread it."""


def claim(data: DataRoot) -> None:
    """Refuse a data root with a newer format; write the format mark where there is none.

    Args:
        data: the data root; its folder exists.

    Raises:
        NewerData: its format is newer.
        WangjianError: the mark cannot be read.
    """
    mark = data.state / "format.json"
    if mark.exists():
        _require_known(mark)
        return
    # `wangjian status` must work on a full or read-only disk, so a failed write is ignored: a later run writes the mark
    with contextlib.suppress(OSError):
        write_atomically(mark, json.dumps({"format": FORMAT, "readable_since": READABLE_SINCE}) + "\n", mode=0o600)


def _require_known(mark: Path) -> None:
    number, since = _read(mark)
    if number > FORMAT:
        raise NewerData(
            f"数据目录由更新的版本写成，本版本不能使用 a newer version wrote this data root: its format is {number}, this version knows {FORMAT}",
            file=mark,
            fix=f"改用 {since} 或更新的版本，或恢复升级前的备份 use version {since} or newer, or restore the backup made before the upgrade",
        )


def _read(mark: Path) -> tuple[int, str]:
    try:
        content = json.loads(mark.read_text(encoding="utf-8"))
        return int(content["format"]), str(content.get("readable_since", "?"))
    except (ValueError, KeyError, TypeError):
        raise WangjianError(
            "数据目录的格式标记已损坏 the mark of the data root's format is damaged",
            file=mark,
            fix='restore it from the backup of `state/`; a data root that only this version used has {"format": 1}',
        ) from None
