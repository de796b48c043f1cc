"""The glossary tells words that people meet: each stands in a label, on the site, in a seed or in a contract."""

from __future__ import annotations

import re
from itertools import chain

from wangjian.core.paths import DBT_PROJECT, PROJECT_ROOT

GLOSSARY = PROJECT_ROOT / "docs" / "glossary.md"
# where readers meet words
SOURCES = (
    (DBT_PROJECT, "labels.yml"),
    (DBT_PROJECT, "seeds/*.csv"),
    (PROJECT_ROOT / "include" / "wangjian", "serving/site/text.yml"),
    (PROJECT_ROOT / "include" / "wangjian", "serving/bulletin/**/*.py"),
    (PROJECT_ROOT, "docs/how-to/**/*.md"),
    (PROJECT_ROOT, "docs/reference/*.md"),
    (PROJECT_ROOT, "README.zh-CN.md"),
)


def terms() -> list[str]:
    return [term for term in re.findall(r"^\| (\S+) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
            if term != "中文"]  # fmt: skip


def test_every_term_is_in_use() -> None:
    used = "".join(
        path.read_text(encoding="utf-8")
        for path in chain.from_iterable(folder.glob(pattern) for folder, pattern in SOURCES)
    )
    assert len(terms()) > 40
    assert [term for term in terms() if term not in used] == []


def test_no_term_stands_twice_in_a_section() -> None:
    for section in GLOSSARY.read_text(encoding="utf-8").split("\n## "):
        found = re.findall(r"^\| (\S+) \|", section, re.MULTILINE)
        assert len(found) == len(set(found))
