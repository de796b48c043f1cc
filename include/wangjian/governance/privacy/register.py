"""Write the register of processing (个人信息保护法 art. 51, 54, 55) from the contracts, labels, roles, periods and the audit log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel

from wangjian.core.documents import read_document
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.core.retention import load_retention
from wangjian.core.settings import settings
from wangjian.governance.roles import Roles, load_roles
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.state.audit_log import records
from wangjian.warehouse.labels import LEVELS, Label, Labels, load_labels

DEFAULTS = Path(__file__).parent / "processing.yml"
VARIABLE = "WANGJIAN_PROCESSING"


class Processing(BaseModel):
    """The entry of one source in the register.

    Attributes:
        purpose: why its personal data is processed.
        basis: the law that allows it.
        subjects: the persons whose data it is.
        recipients: the bodies that get the data.
        kept: how long it is kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Label
    basis: Label
    subjects: Label
    recipients: Label
    kept: Label


class _Document(RootModel[dict[str, Processing]]):
    """The entries by source."""


@dataclass(frozen=True)
class PersonalColumn:
    """A column of a source that may hold a person's name or number.

    Attributes:
        dataset: the dataset of the column.
        name: the warehouse's name of the column.
        zh: its Chinese label.
        treatment: `keep` (every publication masks it), `keyed_hash` or `drop` (never leaves landing in clear).
    """

    dataset: str
    name: str
    zh: str
    treatment: str


def personal_columns(source: str) -> tuple[PersonalColumn, ...]:
    """Return the personal columns of a source, as its contract marks them.

    Args:
        source: source code.

    Returns:
        The columns, in the order of the contract.
    """
    return tuple(
        PersonalColumn(dataset.name, column.name, column.zh, column.on_parse)
        for dataset in load_contract(source).values()
        for column in dataset.columns
        if column.personal or column.on_parse != "keep"
    )


def load_processing(path: Path | None = None) -> dict[str, Processing]:
    """Return the register's entry of each source: purpose, legal basis, persons, recipients and period.

    Args:
        path: the YAML file. Null stands for the file in `$WANGJIAN_PROCESSING` or, without it, `processing.yml` of the package.

    Returns:
        The entries by source.

    Raises:
        BadArguments: the file cannot be read, breaks the schema, or lacks a source that has personal columns.
    """
    path = path or settings().processing or DEFAULTS
    entries = read_document(path, _Document, "the entries of the register", f"correct ${VARIABLE}").root
    # Processing without a stated purpose is unlawful: a new source with personal columns needs its entry first.
    missing = {source for source in load_registry() if personal_columns(source)} - entries.keys()
    unknown = entries.keys() - load_registry().keys()
    if missing or unknown:
        raise BadArguments(
            f"sources without an entry: {', '.join(sorted(missing)) or 'none'}; no such source: {', '.join(sorted(unknown)) or 'none'}",
            file=path,
            fix="write down purpose, basis, subjects, recipients and how long it is kept",
        )
    return entries


def register(data: DataRoot) -> str:
    """Return the current register of processing.

    Args:
        data: the data root; the accesses come from its audit log.

    Returns:
        Markdown in Chinese and English.

    Raises:
        BadArguments: a file that the register is made from is wrong.
    """
    labels, roles, periods = load_labels(), load_roles(), load_retention().model_dump()
    parts = [
        "# 个人信息处理活动登记 Register of processing of personal data",
        *(line for source, entry in load_processing().items() for line in _source(source, entry, labels)),
        "## 已发布的敏感列 Sensitive columns as published",
        "人名已脱敏。Names of persons are masked.",
        _table(("列 column", "名称 label"), _sensitive(labels)),
        "## 角色 Roles",
        _table(("角色 role", "文件 file", "级别 levels"), _roles(roles, labels)),
        "## 保存期限 Periods",
        _table(
            ("对象 what", "期限 period"),
            (
                (name, ", ".join(f"{unit} {count}" for unit, count in period.items()))
                for name, period in periods.items()
            ),
        ),
        "## 访问记录 Accesses on record",
        _table(("月 month", "动作 action", "次数 times", "行数 rows"), _accesses(data)),
    ]
    return "\n\n".join(parts) + "\n"


def _source(source: str, entry: Processing, labels: Labels) -> Iterator[str]:
    yield f"## {labels.codes['source'][source].zh} {labels.codes['source'][source].en} (`{source}`)"
    names = {"purpose": "目的", "basis": "依据", "subjects": "主体", "recipients": "接收方", "kept": "保存"}
    yield "\n".join(
        f"- **{zh} {name}**: {(text := getattr(entry, name)).zh}。 {text.en}." for name, zh in names.items()
    )
    treatments = {
        "keep": "落地后仅以脱敏形式发布 published masked only",
        "keyed_hash": "解析时以密钥散列 keyed hash on parsing",
        "drop": "解析时丢弃 dropped on parsing",
    }
    rows = ((f"`{c.dataset}.{c.name}`", c.zh, treatments[c.treatment]) for c in personal_columns(source))
    yield _table(("列 column", "名称 label", "处理 treatment"), rows)


def _sensitive(labels: Labels) -> Iterator[tuple[str, ...]]:
    yield from ((f"`{name}`", f"{c.zh} {c.en}") for name, c in labels.columns.items() if c.level == "SENSITIVE")
    for table, label in labels.tables.items():
        yield from ((f"`{table}.{n}`", f"{c.zh} {c.en}") for n, c in label.columns.items() if c.level == "SENSITIVE")


def _roles(roles: Roles, labels: Labels) -> Iterator[tuple[str, ...]]:
    for name, role in roles.roles.items():
        levels = (
            f"{labels.level_name(level).zh}{'（再脱敏 masked again）' if level in role.masked else ''}"
            for level in LEVELS
            if level in role.levels
        )
        yield f"{role.zh} {role.en} (`{name}`)", role.file, "、".join(levels)


def _accesses(data: DataRoot) -> Iterator[tuple[str, ...]]:
    times: Counter[tuple[str, str]] = Counter()
    rows: Counter[tuple[str, str]] = Counter()
    for record in records(data):
        times[key := (f"{record.at:%Y-%m}", record.action)] += 1
        rows[key] += record.row_count
    yield from ((*key, str(count), str(rows[key])) for key, count in sorted(times.items()))


def _table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *rows)]
    return "\n".join(lines)
