"""Make a new version of the key of the keyed hash, recorded in the audit log, while no process parses."""

from __future__ import annotations

from contextlib import ExitStack

from wangjian.core.errors import BadArguments
from wangjian.core.locks import parse_lock
from wangjian.core.paths import DataRoot
from wangjian.ingestion.parsing.keyed_hash import HashKey, add_key, load_key
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state.audit_log import Access, record_access


def rotate_key(data: DataRoot, reason: str) -> HashKey:
    """Make the next version of the key. Rows that were hashed with an older key are parsed again by the next parse.

    Args:
        data: the data root.
        reason: why the key is changed; recorded in the audit log.

    Returns:
        The new key.

    Raises:
        BadArguments: no reason is given.
    """
    if not reason.strip():
        raise BadArguments("a change of the key needs a reason", fix="give it with --reason; the audit log records it")
    # all sources at once: a parse that runs meanwhile would hash one batch with two keys
    with ExitStack() as locks:
        for source in load_registry():
            locks.enter_context(parse_lock(data, source, "change the key of the keyed hash"))
        before = load_key(data.state)
        selection = {"from_version": str(before.version), "to_version": str(before.version + 1)}
        record_access(
            data,
            Access(action="KEY_ROTATED", purpose=reason, table_name="keyed_hash", selection=selection, row_count=0),
        )
        return add_key(data.state)
