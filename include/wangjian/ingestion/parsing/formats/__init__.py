"""The formats of landed files, one module each, and the one function that chooses between them."""

from __future__ import annotations

import pkgutil
from abc import ABCMeta
from functools import cache
from importlib import import_module

from wangjian.core.errors import BadArguments, RejectedFile
from wangjian.ingestion.landing.manifest import Role
from wangjian.ingestion.parsing.formats.base import FileFormat, FileToParse, Output, WithoutRows
from wangjian.ingestion.parsing.formats.evidence import Evidence
from wangjian.ingestion.sources.contract import Dataset
from wangjian.ingestion.sources.provider import load_provider
from wangjian.ingestion.sources.registry import Source

__all__ = ["FileFormat", "FileToParse", "Output", "format_named", "format_of", "format_of_source"]

_BY_LAYOUT = "provider"
"""The format of a source whose providers each describe their own files."""


class Marker(WithoutRows):
    """A file that says that a delivery is complete."""


def format_of(source: Source, dataset: Dataset | None, provider: str, part: str, role: Role = "data") -> FileFormat:
    """Choose the format of a landed file.

    Args:
        source: from the registry.
        dataset: its contract; null for a file of control totals alone.
        provider: of the third-party source; empty for the government systems.
        part: the file's name in its export.
        role: as in the manifest.

    Raises:
        RejectedFile: no layout of the provider knows the file's name.
        BadArguments: the registry or the layout names a format that does not exist.
    """
    if role == "marker":
        return Marker()
    if role == "evidence":
        return Evidence()
    if source.format != _BY_LAYOUT:
        return format_named(source.format).of_source(source, dataset, role)
    name = load_provider(provider).recognise(part)
    if name is None:
        raise RejectedFile("UNKNOWN_LAYOUT", f"no layout of {provider} knows {part}", fix="describe it in YAML")
    return format_named(name.layout.format).of_layout(name.layout, dataset)


def format_of_source(source: Source) -> type[FileFormat]:
    """Return the format that all files of a source share; the general one where each provider has its own."""
    return FileFormat if source.format == _BY_LAYOUT else format_named(source.format)


def format_named(name: str) -> type[FileFormat]:
    """Return the format of this name.

    Raises:
        BadArguments: no module of this package holds it.
    """
    formats = _formats()
    if name not in formats:
        raise BadArguments(
            f"no file format {name!r}", known=", ".join(sorted(formats)), fix="correct `format` in the YAML file"
        )
    return formats[name]


@cache
def _formats() -> dict[str, type[FileFormat]]:
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    classes = [value for module in modules for value in vars(module).values() if isinstance(value, ABCMeta)]
    return {item.name: item for item in classes if issubclass(item, FileFormat) and item.name}
