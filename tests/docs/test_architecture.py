"""ARCHITECTURE.md says what is so: its layers are those of the contract, and the tests that it names exist."""

from __future__ import annotations

import re
import tomllib

import pytest

from wangjian.core.paths import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def _rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    named = [row[0].strip("`") for row in _rows("The layers of the package")]
    assert named == [name.strip() for layer in layers for name in layer.split("|")]


def test_each_invariant_names_tests_that_exist() -> None:
    proofs = {
        invariant: re.findall(r"`(tests/[^`]+)`", tests)
        for invariant, tests in _rows("Invariants, and the test that proves each")
    }
    assert len(proofs) >= 10
    assert [invariant for invariant, tests in proofs.items() if not tests] == []
    assert [path for tests in proofs.values() for path in tests if not (PROJECT_ROOT / path).exists()] == []


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "README.zh-CN.md"])
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (PROJECT_ROOT / page).read_text(encoding="utf-8")
    targets = {target.split("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target}
    assert [target for target in sorted(targets - {""}) if not (PROJECT_ROOT / target).exists()] == []
