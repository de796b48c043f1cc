"""Asking for an erasure (个人信息保护法 art. 47): what is meant, where it lies, and why it may be refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from wangjian.core.clock import now
from wangjian.core.errors import BadArguments
from wangjian.core.paths import DataRoot
from wangjian.governance.erasure.rows import FileRows, rows_of
from wangjian.ingestion.landing.manifest import Manifest
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.parsing.raw import ledger_entries
from wangjian.ingestion.sources.contract import KEY_SEPARATOR, Dataset, load_contract
from wangjian.state.archives import archived
from wangjian.state.audit_log import Access, record_access
from wangjian.state.erasures import Erasure, erasures, record_erasure


@dataclass(frozen=True)
class Plan:
    """What an erasure is about to touch.

    Attributes:
        files: with their rows.
        exports: the exports that these files belong to.
    """

    erasure: Erasure
    files: tuple[FileRows, ...]
    exports: tuple[Manifest, ...]

    @property
    def row_count(self) -> int:
        return sum(len(numbers) for file in self.files for numbers in file.rows.values())


def request_erasure(
    data: DataRoot,
    source: str,
    dataset: str,
    key: Sequence[str] = (),
    *,
    reason: str,
    person: str,
    provider: str = "",
    day: date | None = None,
    before: date | None = None,
    file_sha256: str | None = None,
    columns: Sequence[str] = (),
) -> Plan:
    """Ask for personal values to be erased; nothing is touched before another person approves it.

    Args:
        data: the data root.
        source: source code.
        dataset: dataset name.
        key: the values of the dataset's key, in order: this row, wherever it was delivered.
        reason: why; kept for good.
        person: who asks.
        provider: provider code, of the third-party source.
        day: business date of the delivery, where numbers are unique within a delivery only.
        before: in place of a key: every row of exports of earlier business dates (the period of keeping is over), of any
            provider where none is named.
        file_sha256: in place of a key: a whole file that holds no parsed rows: evidence, or a rejected file.
        columns: further text columns, such as free text; the personal ones of the contract are always meant.

    Returns:
        The plan.

    Raises:
        BadArguments: no reason or person; not exactly one of key, `before` and file; no such dataset, column, row or file; the
            file holds rows that are in the warehouse; the bytes lie in an archive.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("an erasure needs a reason and a person", fix="give both; they are kept for the auditors")
    contract = contract_of(source, dataset)
    _require_one(contract, key, before, file_sha256)
    wanted = Erasure(
        source=source, provider=provider, dataset=dataset, row_key=KEY_SEPARATOR.join(key) or None, business_date=day,
        before=before, file_sha256=file_sha256, reason=reason.strip(), person=person.strip(),
        column_names=() if file_sha256 else _columns(contract, columns),
    )  # fmt: skip
    plan = plan_of(data, wanted)
    record_erasure(data, wanted)
    record_access(data, access(plan, "ERASURE_REQUESTED"))
    return plan


def withdraw_erasure(data: DataRoot, erasure_id: str, *, reason: str, person: str) -> Erasure:
    """Take a request back that nobody approved yet.

    Raises:
        BadArguments: no reason or person is given, or no such request is open.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a withdrawal needs a reason and a person", fix="give both; they are kept for the auditors")
    found = find_erasure(data, erasure_id, ("REQUESTED",))
    changes = {"step": "WITHDRAWN", "reason": reason.strip(), "person": person.strip(), "at": now()}
    taken_back = found.model_copy(update=changes)
    record_erasure(data, taken_back)
    return taken_back


def find_erasure(data: DataRoot, erasure_id: str, steps: tuple[str, ...]) -> Erasure:
    """An erasure that stands at one of these steps.

    Raises:
        BadArguments: there is none.
    """
    for erasure in erasures(data):
        if erasure.erasure_id == erasure_id:
            if erasure.step in steps:
                return erasure
            raise BadArguments(
                f"the erasure is {erasure.step} already", erasure=erasure_id, fix="see `wangjian erasures list`"
            )
    raise BadArguments("no such erasure", erasure=erasure_id, fix="see `wangjian erasures list`")


def plan_of(data: DataRoot, erasure: Erasure) -> Plan:
    """Where an erasure's values lie.

    Raises:
        BadArguments: nowhere; in an archive; or in a file that may not be erased as a whole.
    """
    landing = Landing(data.landing)
    files = (
        [_whole_file(data, erasure)]
        if erasure.file_sha256
        else rows_of(data, contract_of(erasure.source, erasure.dataset), erasure)
    )
    if not files:
        raise BadArguments(
            "no such row is parsed", **_place(erasure), fix="give the key as the source sends it, and parse first"
        )
    hashes = {file.sha256 for file in files}
    exports = [item for item in landing.exports(erasure.source) if any(f.sha256 in hashes for f in item.files)]
    _require_here(data, landing, exports, hashes, erasure)
    return Plan(erasure, tuple(files), tuple(exports))


def access(plan: Plan, action: str) -> Access:
    """The record of a step for the audit log; it names rows by their key, never by a person's data."""
    erasure = plan.erasure
    about = {
        "erasure": erasure.erasure_id, "source": erasure.source, "provider": erasure.provider, "key": erasure.row_key,
        "day": erasure.business_date, "before": erasure.before, "file": erasure.file_sha256,
        "columns": ", ".join(erasure.column_names), "by": erasure.person, "files": len(plan.files),
    }  # fmt: skip
    return Access(
        action=action,  # type: ignore[arg-type]  # pydantic checks it
        purpose=erasure.reason,
        table_name=f"landing.{erasure.dataset}",
        selection={name: str(value) for name, value in about.items() if value},
        row_count=plan.row_count,
    )


def contract_of(source: str, dataset: str) -> Dataset:
    """The contract of a dataset.

    Raises:
        BadArguments: there is none.
    """
    known = load_contract(source)
    if dataset not in known:
        raise BadArguments("no such dataset", source=source, dataset=dataset, fix=f"choose from {', '.join(known)}")
    return known[dataset]


def _place(erasure: Erasure) -> dict[str, object]:
    about = erasure.model_dump(include={"source", "provider", "dataset", "row_key", "business_date", "before"})
    return {name: value for name, value in about.items() if value}


def _require_one(contract: Dataset, key: Sequence[str], before: date | None, file_sha256: str | None) -> None:
    given = [name for name, value in (("KEY", key), ("--before", before), ("--file", file_sha256)) if value]
    if len(given) != 1:
        raise BadArguments(
            "what is meant must be said in one way",
            given=", ".join(given) or "nothing",
            fix="give KEY, --before or --file",
        )
    if key and len(key) != len(contract.key):
        raise BadArguments(
            f"{len(key)} values for a key of {len(contract.key)}",
            source=contract.source,
            dataset=contract.name,
            fix=f"give {', '.join(contract.key)}",
        )


def _columns(contract: Dataset, further: Iterable[str]) -> tuple[str, ...]:
    """The personal columns and those that are asked for."""
    personal = [column.name for column in contract.columns if column.personal or column.on_parse != "keep"]
    free = [
        column.name for column in contract.columns if column.data_type == "text" and column.name not in contract.key
    ]
    if unknown := sorted(set(further) - set(free)):
        raise BadArguments(
            f"no text columns that can be erased: {', '.join(unknown)}",
            source=contract.source,
            dataset=contract.name,
            fix=f"choose from {', '.join(free)}",
        )
    chosen = sorted({*personal, *further} - set(contract.key))
    if not chosen:
        raise BadArguments(
            "the contract knows no personal column of this dataset",
            source=contract.source,
            dataset=contract.name,
            fix="name the columns with --column",
        )
    return tuple(chosen)


def _whole_file(data: DataRoot, erasure: Erasure) -> FileRows:
    assert erasure.file_sha256
    found = [
        entry
        for entry in ledger_entries(data, erasure.source, erasure.dataset)
        if entry["file_sha256"] == erasure.file_sha256
    ]
    if not found:
        raise BadArguments("no such file is landed", sha256=erasure.file_sha256, fix="see audit.file_ledger")
    if any(entry["status"] == "parsed" for entry in found):
        raise BadArguments(
            "the file holds rows that are in the warehouse",
            file=found[0]["original_name"],
            fix="erase rows of it by their key; only evidence and rejected files go as a whole",
        )
    entry = found[0]
    return FileRows(erasure.file_sha256, entry["export_id"], entry["provider"], entry["part"])


def _require_here(
    data: DataRoot, landing: Landing, exports: Iterable[Manifest], hashes: set[str], erasure: Erasure
) -> None:
    known = archived(data)
    away = sorted({known[export.export_id].folder for export in exports if export.export_id in known})
    if away:
        raise BadArguments(
            "the bytes lie in an archive, which is never changed",
            **_place(erasure),
            archive=", ".join(away),
            fix="`wangjian archive restore FOLDER`, erase, archive anew into another folder, and destroy the old one",
        )
    for sha256 in hashes:
        landing.path_of(sha256)
