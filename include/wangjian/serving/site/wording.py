"""The site's words in one language: its own texts from `text.yml`, names of codes from the project's labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from wangjian.core.errors import BadArguments
from wangjian.warehouse.labels import Label, Labels

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
TEXT = Path(__file__).with_name("text.yml")


@dataclass(frozen=True)
class Wording:
    """The words of one language.

    Attributes:
        text: the site's own texts by key.
        labels: the project's labels.
    """

    language: Language
    text: dict[str, str]
    labels: Labels

    def code(self, kind: str, code: str | None) -> str:
        """Return the name of a code; the code itself if it has no label."""
        label = self.labels.codes.get(kind, {}).get(code or "")
        return self.of(label) if label else (code or self.text["none"])

    def codes(self, kind: str) -> dict[str, str]:
        """Return the names of all codes of a kind, in the order of the labels.

        Raises:
            BadArguments: the labels have no codes of that kind.
        """
        if kind not in self.labels.codes:
            raise BadArguments("codes have no names", kind=kind, fix="add `codes` of that kind to labels.yml")
        return {code: self.of(label) for code, label in self.labels.codes[kind].items()}

    def of(self, label: Label) -> str:
        """Return a label in this language."""
        return label.zh if self.language == "zh" else label.en


def wording(language: Language, labels: Labels) -> Wording:
    """Return the words of one language.

    Args:
        language: `zh` or `en`.
        labels: the project's labels.

    Returns:
        The words.
    """
    return Wording(language, {key: getattr(label, language) for key, label in _texts().items()}, labels)


@cache
def _texts() -> dict[str, Label]:
    texts = yaml.safe_load(TEXT.read_text(encoding="utf-8"))
    return {key: Label.model_validate(value) for key, value in texts.items()}
