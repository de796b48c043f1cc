"""Make the connection pool that docs/how-to/read-the-published-file.md recommends, by running the page's own code."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from wangjian.core.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "how-to" / "read-the-published-file.md"


def engine_of(link: str, **changes: Any) -> sa.Engine:
    """Return the engine that the page's code makes.

    Args:
        link: the path of the published file.
        changes: further arguments of `create_engine`.
    """
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"link": link, "changes": changes}
    exec(code.replace('read_only": True})', 'read_only": True}, **changes)'), names)
    engine: sa.Engine = names["engine"]
    return engine
