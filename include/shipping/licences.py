"""Under which licence each package comes, and whether that is allowed. `python -m shipping.licences` judges what is installed."""

from __future__ import annotations

import re
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from license_expression import ExpressionError, Licensing, get_spdx_licensing
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict

from wangjian.core.errors import WangjianError
from wangjian.core.paths import PROJECT_ROOT

POLICY = PROJECT_ROOT / "requirements" / "licences.toml"
_TEXT = re.compile(r"\.dist-info/(licen[cs]es?/.+|[^/]*(licen[cs]e|copying|notice|authors)[^/]*)$", re.IGNORECASE)


class Looked(BaseModel):
    """What a person found out about a package's licence."""

    model_config = ConfigDict(extra="forbid")

    licence: str
    why: str


class Policy(BaseModel):
    """Allowed licences, other names for them, and packages that were looked up."""

    model_config = ConfigDict(extra="forbid")

    allowed: frozenset[str]
    names: dict[str, str]
    packages: dict[str, Looked]


@dataclass(frozen=True)
class Licensed:
    """A package version with its licence as an SPDX expression; null where nobody knows."""

    name: str
    version: str
    licence: str | None
    told: str
    is_allowed: bool


def load_policy(path: Path = POLICY) -> Policy:
    """The reviewed list."""
    return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def judged(metadata: Message, policy: Policy) -> Licensed:
    """Judge a package by its metadata.

    Args:
        metadata: the `METADATA` of a wheel or of an installed package.
        policy: the reviewed list.

    Returns:
        The package with its licence: the one that a person looked up, else what its metadata says.
    """
    name = canonicalize_name(str(metadata["Name"]))
    told = _told(metadata)
    looked = policy.packages.get(name)
    licence = looked.licence if looked else next(filter(None, (_spdx(one, policy) for one in told)), None)
    allowed = licence is not None and _is_allowed(licence, policy)
    return Licensed(name, str(metadata["Version"]), licence, " / ".join(told)[:80], is_allowed=allowed)


def require_allowed(packages: Iterable[Licensed]) -> None:
    """Raise where a package's licence is unknown or not allowed.

    Raises:
        WangjianError: names each such package and what it says of itself.
    """
    bad = [
        f"{one.name} {one.version}: {one.licence or 'unknown'} (says {one.told or 'nothing'})"
        for one in packages
        if not one.is_allowed
    ]
    if bad:
        fix = "look it up, then add it to `allowed`, `names` or `packages` with the reason, or do without the package"
        raise WangjianError(f"licences that nobody allowed: {'; '.join(bad)}", file=POLICY.name, fix=fix)


def wheel_metadata(path: Path) -> Message:
    """The `METADATA` of a wheel.

    Raises:
        WangjianError: the file has none.
    """
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if re.fullmatch(r"[^/]+\.dist-info/METADATA", name):
                return message_from_bytes(wheel.read(name))
    raise WangjianError("the wheel says nothing of itself", file=path, fix="fetch it again")


def licence_texts(path: Path) -> dict[str, bytes]:
    """The texts of licences and notices that a wheel brings along, by their name in it."""
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/") and _TEXT.search(name)]
        return {name.split(".dist-info/", 1)[1]: wheel.read(name) for name in sorted(names)}


def _told(metadata: Message) -> list[str]:
    """What the metadata says, the most exact first."""
    fields = [metadata["License-Expression"], metadata["License"]]
    # a whole licence may stand in the field: its first line tells nothing that a classifier does not
    said = [text for field in fields if field and "\n" not in (text := str(field).strip()) and text != "UNKNOWN"]
    classifiers = [str(one).rsplit(" :: ", 1)[-1] for one in metadata.get_all("Classifier", []) if "License ::" in one]
    real = [one for one in classifiers if one not in {"OSI Approved", "DFSG approved"}]
    # several classifiers may mean "and" or "or": a person must look
    return said + (real if len(real) == 1 else [])


def _spdx(text: str, policy: Policy) -> str | None:
    """The text as an SPDX expression, if it is one or another name for one."""
    text = policy.names.get(text, text)
    try:
        parsed = _licensing().parse(text, validate=True)
    except ExpressionError:
        return text if text in policy.allowed else None
    return None if parsed is None else str(parsed)


def _is_allowed(licence: str, policy: Policy) -> bool:
    """Of "or" one must be allowed, of "and" all."""
    expression = _licensing().parse(licence)
    values = {symbol: _TRUE if str(symbol.key) in policy.allowed else _FALSE for symbol in expression.symbols}
    return bool(expression.subs(values).simplify() == _TRUE)


@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


_TRUE, _FALSE = Licensing().TRUE, Licensing().FALSE


def _installed() -> Iterator[Message]:
    for distribution in distributions():
        if distribution.name != "wangjian":
            yield message_from_bytes((distribution.read_text("METADATA") or "").encode())


def main() -> None:
    """Judge every package of this environment; exit code 1 where one is not allowed."""
    policy = load_policy()
    found = [judged(metadata, policy) for metadata in _installed()]
    try:
        require_allowed(found)
    except WangjianError as error:
        sys.exit(str(error))
    print(f"{len(found)} packages installed, all under allowed licences")


if __name__ == "__main__":
    main()
