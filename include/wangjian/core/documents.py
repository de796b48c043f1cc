"""Read YAML files that people write, and check them against a model. One error names every fault."""

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
    path: Path, model: type[Model], what: str, fix: str, describe: Callable[[Fault], str] | None = None
) -> Model:
    """Return the content of a YAML file, checked against a model.

    Args:
        path: the YAML file.
        model: the model that the content must fit.
        what: names the file in a message: `the roles`.
        fix: what a person can do when the file cannot be read.
        describe: writes one fault for a message; the usual text if null.

    Raises:
        BadArguments: the file cannot be read, is no YAML, or breaks the schema.
    """
    return checked(read_yaml(path, what, fix), model, path, what, describe)


def read_yaml(path: Path, what: str, fix: str) -> Any:
    """Return the content of a YAML file, unchecked.

    Raises:
        BadArguments: the file cannot be read, or is no YAML.
    """
    try:
        # safe_load: a YAML file must not be able to create arbitrary Python objects
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadArguments(f"{what} cannot be read: {error.strerror}", file=path, fix=fix) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadArguments(f"not YAML: {error}", file=path, fix="correct it") from None


def checked(
    content: Any, model: type[Model], path: Path, what: str, describe: Callable[[Fault], str] | None = None
) -> Model:
    """Return the content of a file as a model.

    Raises:
        BadArguments: the content breaks the schema.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # all faults at once: a person who corrects the file should not have to run the command once per fault
        faults = "; ".join(map(describe or describe_fault, error.errors()))
        raise BadArguments(f"{what} break the schema: {faults}", file=path, fix="correct these fields") from None


def describe_fault(fault: Fault) -> str:
    """Return the field of a fault and pydantic's message, as one text."""
    place = ".".join(map(str, fault["loc"])) or "file"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
