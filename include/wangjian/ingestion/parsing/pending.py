"""Determine which landed exports are not parsed under their present contract.

The names of manifests and the ledgers are enough for most of it. Only manifests that no ledger names are read, so that a daily run reads
one day of them and not years.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wangjian.core.paths import DataRoot
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing, ListedExport, read_manifest
from wangjian.ingestion.parsing.keyed_hash import keys, load_key
from wangjian.ingestion.parsing.raw import ParsedExport, parsed_exports
from wangjian.ingestion.sources.contract import Dataset, load_contract
from wangjian.ingestion.sources.provider import load_provider
from wangjian.ingestion.sources.registry import Source, load_registry

PARSER_VERSION = 3
"""The version of the parsers. Raise it when a parser returns other rows for the same file: then everything is parsed again."""

Again = Callable[[str, str], bool]
"""Returns whether a partition (dataset, month) is parsed again although its rows are up to date."""


@dataclass(frozen=True)
class Pending:
    """The work that is left for one partition (source, dataset, month).

    Attributes:
        contract_hashes: the present contract hash of each provider; for a government source under the key "".
        parsed: the ids of the exports whose rows stay.
        exports: the exports to parse.
        is_stale: whether the ledger holds exports whose rows must be replaced.
    """

    dataset: str
    month: str
    contract_hashes: Mapping[str, str]
    parsed: frozenset[str]
    exports: tuple[Manifest, ...]
    is_stale: bool

    @property
    def is_settled(self) -> bool:
        return not self.exports and not self.is_stale


def pending(source: Source, data: DataRoot, landing: Landing, again: Again | None = None) -> list[Pending]:
    """Return the pending work of every partition of a source.

    Args:
        source: the source's entry in the registry.
        data: the data root.
        landing: the landing zone.
        again: returns which partitions are parsed again although their rows are up to date.

    Returns:
        The partitions in a fixed order, including those without work.
    """
    parsed = parsed_exports(data, source.source)
    partitions = _by_partition(source.source, landing).items()
    hashed_by = load_key(data.state).fingerprint if any(map(_is_hashed, load_contract(source.source).values())) else ""
    return [
        _pending(source, key, listed, parsed.get(key, []), hashed_by, is_anew=bool(again and again(*key)))
        for key, listed in partitions
    ]


def unparsed(source: Source, data: DataRoot) -> frozenset[str]:
    """Return the ids of a source's landed exports that are not parsed under its present contract."""
    partitions = pending(source, data, Landing(data.landing))
    return frozenset(export.export_id for partition in partitions for export in partition.exports)


def _by_partition(source: str, landing: Landing) -> dict[tuple[str, str], list[ListedExport]]:
    partitions: dict[tuple[str, str], list[ListedExport]] = defaultdict(list)
    for export in landing.listed(source):
        partitions[export.dataset, f"{export.business_date:%Y-%m}"].append(export)
    return dict(sorted(partitions.items()))


def _pending(
    source: Source,
    key: tuple[str, str],
    listed: list[ListedExport],
    parsed: list[ParsedExport],
    hashed_by: str,
    *,
    is_anew: bool,
) -> Pending:
    known = {export.export_id for export in parsed}
    new = {export.export_id: read_manifest(export.path) for export in listed if export.export_id not in known}
    providers = {export.provider for export in parsed} | {export.key.provider for export in new.values()}
    dataset = load_contract(source.source).get(key[0])
    # a hash for each provider: a provider's first file of a month must not cause the others' files to be parsed again
    current = {provider: contract_hash(source, dataset, provider, hashed_by) for provider in providers}
    kept = frozenset(e.export_id for e in parsed if e.contract_hash == current[e.provider] and not is_anew)
    todo = (new.get(item.export_id) or read_manifest(item.path) for item in listed if item.export_id not in kept)
    return Pending(*key, current, kept, tuple(todo), is_stale=kept != known)


def is_key_missing(data: DataRoot) -> bool:
    """Return whether rows were hashed with a key that no longer exists.

    A key is made at its first use. Parsed rows of a hashed dataset without a key mean that the key was lost.
    """
    hashed = [
        data.raw / "_ledger" / source / code
        for source in load_registry()
        for code, dataset in load_contract(source).items()
        if _is_hashed(dataset)
    ]
    return any(folder.exists() for folder in hashed) and not keys(data.state)


def _is_hashed(dataset: Dataset) -> bool:
    return any(column.on_parse == "keyed_hash" for column in dataset.columns)


def contract_hash(source: Source, dataset: Dataset | None, provider: str, hashed_by: str) -> str:
    """Return a hash of everything that the parsed rows depend on except the file itself.

    These are the contract, the encodings, the provider's layout, the parser's version and, where values are hashed, the key.
    """
    layouts = [load_provider(provider).model_dump_json()] if provider else []
    content = [PARSER_VERSION, source.encodings, dataset.model_dump_json() if dataset else "", layouts]
    if dataset and _is_hashed(dataset):
        content.append(hashed_by)
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
