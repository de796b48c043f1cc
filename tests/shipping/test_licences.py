"""A package's licence is the reviewed one, otherwise the one in its metadata; only allowed ones pass."""

from __future__ import annotations

from email import message_from_string

import pytest

from shipping.licences import Licensed, Looked, Policy, judged, load_policy, require_allowed
from wangjian.core.errors import WangjianError

POLICY = Policy(
    allowed=frozenset({"MIT", "Apache-2.0", "LicenseRef-own"}),
    names={"Apache Software License": "Apache-2.0"},
    packages={
        "looked-up": Looked(licence="LicenseRef-own AND MIT", why="its text"),
        "looked-bad": Looked(licence="AGPL-3.0-only", why="its text"),
    },
)


def licence(*lines: str, name: str = "some") -> Licensed:
    return judged(message_from_string("\n".join([f"Name: {name}", "Version: 1", *lines, "", "text"])), POLICY)


@pytest.mark.parametrize(
    ("lines", "expression", "allowed"),
    [
        (["License-Expression: MIT"], "MIT", True),
        (["License-Expression: MIT OR GPL-3.0-only"], "MIT OR GPL-3.0-only", True),
        (["License-Expression: MIT AND GPL-3.0-only"], "MIT AND GPL-3.0-only", False),
        (["License-Expression: GPL-3.0-only"], "GPL-3.0-only", False),
        (["License: Apache Software License"], "Apache-2.0", True),
        (["License: see the file", "Classifier: License :: OSI Approved :: Apache Software License"], "Apache-2.0", True),
        (["License: UNKNOWN"], None, False),
        (["License: whatever"], None, False),
        ([], None, False),
        # "and" or "or": the metadata does not say which
        (["Classifier: License :: OSI Approved :: MIT License", "Classifier: License :: OSI Approved :: GPL"], None, False),
        # an exact statement goes before a vague one
        (["License-Expression: GPL-3.0-only", "Classifier: License :: OSI Approved :: Apache Software License"], "GPL-3.0-only", False),
    ],
)  # fmt: skip
def test_the_licence_in_the_metadata(lines: list[str], expression: str | None, allowed: bool) -> None:
    one = licence(*lines)
    assert (one.licence, one.is_allowed) == (expression, allowed)


def test_the_reviewed_licence_goes_before_the_metadata() -> None:
    one = licence("License-Expression: GPL-3.0-only", name="Looked.Up")
    assert (one.licence, one.is_allowed) == ("LicenseRef-own AND MIT", True)
    assert not licence("License-Expression: MIT", name="looked-bad").is_allowed


def test_unknown_and_forbidden_ones_are_named_together() -> None:
    bad = [
        licence("License: whatever"),
        licence("License-Expression: GPL-3.0-only", name="other"),
        licence("License: MIT"),
    ]
    with pytest.raises(WangjianError, match=r"some 1: unknown \(says whatever\); other 1: GPL-3\.0-only") as raised:
        require_allowed(bad)
    assert "licences.toml" in str(raised.value)


def test_the_reviewed_list_names_only_what_exists() -> None:
    policy = load_policy()
    assert all(one.why for one in policy.packages.values())
    for name, review in policy.packages.items():
        metadata = message_from_string(f"Name: {name}\nVersion: 1\n\n")
        assert judged(metadata, policy).is_allowed, review
    for name, spdx in policy.names.items():
        metadata = message_from_string(f"Name: some\nVersion: 1\nLicense: {name}\n\n")
        assert judged(metadata, policy).is_allowed, spdx
