"""Find the licence of each package and decide whether it is allowed. `python -m shipping.licences` checks what is installed."""

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
# new wheels keep licence texts in `licenses/` (PEP 639), older ones next to `METADATA`
_TEXT = re.compile(r"\.dist-info/(licen[cs]es?/.+|[^/]*(licen[cs]e|copying|notice|authors)[^/]*)$", re.IGNORECASE)


class Looked(BaseModel):
    """The licence of a package as a person determined it, and why."""

    model_config = ConfigDict(extra="forbid")

    licence: str
    why: str


class Policy(BaseModel):
    """Allowed licences, other names for them, and the packages whose licence a person determined."""

    model_config = ConfigDict(extra="forbid")

    allowed: frozenset[str]
    names: dict[str, str]
    packages: dict[str, Looked]


@dataclass(frozen=True)
class Licensed:
    """A package version with its licence.

    Attributes:
        licence: an SPDX expression; null if it is not known.
        stated: what the package's metadata says, for the error message.
    """

    name: str
    version: str
    licence: str | None
    stated: str
    is_allowed: bool


def load_policy(path: Path = POLICY) -> Policy:
    """Return the reviewed list of licences."""
    return Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def judged(metadata: Message, policy: Policy) -> Licensed:
    """Return the licence of a package by its metadata, and whether it is allowed.

    Args:
        metadata: the `METADATA` of a wheel or of an installed package.
        policy: the reviewed list.

    Returns:
        The package with its licence: the one that a person determined, otherwise the one that its metadata states.
    """
    name = canonicalize_name(str(metadata["Name"]))
    stated = _stated_licences(metadata)
    # a person's review goes first: metadata is sometimes wrong or too vague
    review = policy.packages.get(name)
    licence = review.licence if review else next(filter(None, (_spdx(one, policy) for one in stated)), None)
    allowed = licence is not None and _is_allowed(licence, policy)
    # 80 characters: some packages write whole sentences into the field, and the message must stay readable
    return Licensed(name, str(metadata["Version"]), licence, " / ".join(stated)[:80], is_allowed=allowed)


def require_allowed(packages: Iterable[Licensed]) -> None:
    """Raise an error if the licence of a package is unknown or not allowed.

    Raises:
        WangjianError: names all such packages and what their metadata says.
    """
    # all at once: a new lock may bring several
    bad = [
        f"{one.name} {one.version}: {one.licence or 'unknown'} (says {one.stated or 'nothing'})"
        for one in packages
        if not one.is_allowed
    ]
    if bad:
        fix = "read the licence, then add it to `allowed`, `names` or `packages` with the reason, or remove the package"
        raise WangjianError(f"licences that nobody allowed: {'; '.join(bad)}", file=POLICY.name, fix=fix)


def wheel_metadata(path: Path) -> Message:
    """Return the `METADATA` of a wheel.

    Raises:
        WangjianError: the wheel has none.
    """
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if re.fullmatch(r"[^/]+\.dist-info/METADATA", name):
                return message_from_bytes(wheel.read(name))
    raise WangjianError("the wheel has no METADATA", file=path, fix="delete the file and make the bundle again")


def licence_texts(path: Path) -> dict[str, bytes]:
    """Return the texts of licences and notices in a wheel, by their names in it."""
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/") and _TEXT.search(name)]
        return {name.split(".dist-info/", 1)[1]: wheel.read(name) for name in sorted(names)}


def _stated_licences(metadata: Message) -> list[str]:
    """Return the licences that the metadata states, the most exact statement first."""
    fields = [metadata["License-Expression"], metadata["License"]]
    # some packages put the whole licence text into the field: it is not a name that can be looked up
    stated = [text for field in fields if field and "\n" not in (text := str(field).strip()) and text != "UNKNOWN"]
    classifiers = [str(one).rsplit(" :: ", 1)[-1] for one in metadata.get_all("Classifier", []) if "License ::" in one]
    real = [one for one in classifiers if one not in {"OSI Approved", "DFSG approved"}]
    # several classifiers may mean "and" or "or": a person must decide
    return stated + (real if len(real) == 1 else [])


def _spdx(text: str, policy: Policy) -> str | None:
    """Return a text as an SPDX expression; null if it is neither an expression nor a known name of one."""
    text = policy.names.get(text, text)
    try:
        parsed = _licensing().parse(text, validate=True)
    except ExpressionError:
        # the reviewed list may allow names that SPDX does not have
        return text if text in policy.allowed else None
    return None if parsed is None else str(parsed)


def _is_allowed(licence: str, policy: Policy) -> bool:
    """Return whether an expression is allowed: one licence of an "or", all licences of an "and"."""
    expression = _licensing().parse(licence)
    values = {symbol: _TRUE if str(symbol.key) in policy.allowed else _FALSE for symbol in expression.symbols}
    return bool(expression.subs(values).simplify() == _TRUE)


# the table of all SPDX licences is read from a file; a bundle asks for it once per package
@cache
def _licensing() -> Licensing:
    return get_spdx_licensing()


_TRUE, _FALSE = Licensing().TRUE, Licensing().FALSE


def _installed() -> Iterator[Message]:
    for distribution in distributions():
        if distribution.name != "wangjian":
            yield message_from_bytes((distribution.read_text("METADATA") or "").encode())


def main() -> None:
    """Check every package of this environment; exit with 1 if one is not allowed."""
    policy = load_policy()
    packages = [judged(metadata, policy) for metadata in _installed()]
    try:
        require_allowed(packages)
    except WangjianError as error:
        sys.exit(str(error))
    print(f"{len(packages)} packages installed, all under allowed licences")


if __name__ == "__main__":
    main()
