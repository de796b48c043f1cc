"""YAML files that people write: read, checked against a model, and every fault told at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from wangjian.core.errors import BadArguments

Model = TypeVar("Model", bound=BaseModel)
Fault = Any
"""One of pydantic's error details."""


def read_document(
    path: Path, model: type[Model], what: str, fix: str, told: Callable[[Fault], str] | None = None
) -> Model:
    """Read a file and check it.

    Args:
        path: the YAML file.
        model: what it must fit.
        what: names the file in a message: `the roles`.
        fix: what to do where it cannot be read.
        told: says a fault in the words of the field.

    Raises:
        BadArguments: it cannot be read, is no YAML, or breaks the schema.
    """
    return checked(read_yaml(path, what, fix), model, path, what, told)


def read_yaml(path: Path, what: str, fix: str) -> Any:
    """Read a file as it is.

    Raises:
        BadArguments: it cannot be read, or is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadArguments(f"{what} cannot be read: {error.strerror}", file=path, fix=fix) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadArguments(f"not YAML: {error}", file=path, fix="correct it") from None


def checked(found: Any, model: type[Model], path: Path, what: str, told: Callable[[Fault], str] | None = None) -> Model:
    """Check what a file said.

    Raises:
        BadArguments: it breaks the schema.
    """
    try:
        return model.model_validate(found)
    except ValidationError as error:
        faults = "; ".join(map(told or fault_told, error.errors()))
        raise BadArguments(f"{what} break the schema: {faults}", file=path, fix="correct these fields") from None


def fault_told(fault: Fault) -> str:
    """Where a fault is, and what it is."""
    place = ".".join(map(str, fault["loc"])) or "file"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
