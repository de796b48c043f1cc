"""Request an erasure (个人信息保护法 art. 47): select the rows or the file, locate them, and refuse what cannot be erased."""

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
    """The files and rows that an erasure changes.

    Attributes:
        files: the landed files with their rows.
        exports: the exports that these files belong to.
    """

    erasure: Erasure
    files: tuple[FileRows, ...]
    exports: tuple[Manifest, ...]

    @property
    def row_count(self) -> int:
        """Return the number of rows in all files."""
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
    """Record a request to erase personal values. No file changes before another person approves the request.

    Args:
        data: the data root.
        source: source code.
        dataset: dataset name.
        key: the values of the dataset's key, in order: selects this row in every delivery.
        reason: why; the record keeps it for good.
        person: the person who makes the request.
        provider: provider code, for the third-party source.
        day: the business date of the delivery, for datasets whose numbers are unique within a delivery only.
        before: instead of a key: selects every row of exports of earlier business dates (their retention period is over), of all
            providers unless one is given.
        file_sha256: instead of a key: selects a whole file without parsed rows: evidence, or a rejected file.
        columns: further text columns, such as free text. The personal columns of the contract are always included.

    Returns:
        The plan.

    Raises:
        BadArguments: the reason or the person is missing; not exactly one of key, `before` and file is given; the dataset, column,
            row or file does not exist; the file holds rows that are in the warehouse; or the bytes are in an archive.
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
    # Planned before it is recorded: a request that cannot be carried out is refused now and not at its approval.
    plan = plan_of(data, wanted)
    record_erasure(data, wanted)
    record_access(data, access(plan, "ERASURE_REQUESTED"))
    return plan


def withdraw_erasure(data: DataRoot, erasure_id: str, *, reason: str, person: str) -> Erasure:
    """Record the withdrawal of a request that is not approved yet.

    Args:
        data: the data root.
        erasure_id: the identifier that `wangjian erasures list` shows.
        reason: why; the record keeps it for good.
        person: the person who decides.

    Returns:
        The withdrawal as recorded.

    Raises:
        BadArguments: no reason or person is given, or no such request is open.
    """
    if not reason.strip() or not person.strip():
        raise BadArguments("a withdrawal needs a reason and a person", fix="give both; they are kept for the auditors")
    erasure = find_erasure(data, erasure_id, ("REQUESTED",))
    changes = {"step": "WITHDRAWN", "reason": reason.strip(), "person": person.strip(), "at": now()}
    withdrawal = erasure.model_copy(update=changes)
    record_erasure(data, withdrawal)
    return withdrawal


def find_erasure(data: DataRoot, erasure_id: str, steps: tuple[str, ...]) -> Erasure:
    """Return an erasure that is at one of the given steps.

    Args:
        data: the data root.
        erasure_id: its identifier.
        steps: the steps that the caller accepts.

    Returns:
        The erasure.

    Raises:
        BadArguments: there is no such erasure, or it is at another step.
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
    """Return the files, rows and exports that an erasure changes.

    Args:
        data: the data root.
        erasure: the request.

    Returns:
        The plan.

    Raises:
        BadArguments: no parsed row matches; the bytes are in an archive; or the file may not be erased as a whole.
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
    # Several exports may share one file, and all of them must be parsed again.
    hashes = {file.sha256 for file in files}
    exports = [item for item in landing.exports(erasure.source) if any(f.sha256 in hashes for f in item.files)]
    _require_here(data, landing, exports, hashes, erasure)
    return Plan(erasure, tuple(files), tuple(exports))


def access(plan: Plan, action: str) -> Access:
    """Return the audit record of a step.

    The record names rows by their key. The audit log is never erased, so a person's data in it would outlive the erasure.

    Args:
        plan: the erasure and its rows.
        action: the step.

    Returns:
        The record, not written yet.
    """
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
    """Return the contract of a dataset.

    Args:
        source: source code.
        dataset: dataset name.

    Returns:
        The contract.

    Raises:
        BadArguments: the source has no such dataset.
    """
    known = load_contract(source)
    if dataset not in known:
        raise BadArguments("no such dataset", source=source, dataset=dataset, fix=f"choose from {', '.join(known)}")
    return known[dataset]


def _place(erasure: Erasure) -> dict[str, object]:
    about = erasure.model_dump(include={"source", "provider", "dataset", "row_key", "business_date", "before"})
    return {name: value for name, value in about.items() if value}


def _require_one(contract: Dataset, key: Sequence[str], before: date | None, file_sha256: str | None) -> None:
    # Two selections could contradict each other, and an erasure cannot be undone.
    given = [name for name, value in (("KEY", key), ("--before", before), ("--file", file_sha256)) if value]
    if len(given) != 1:
        raise BadArguments(
            "an erasure selects its rows in exactly one way",
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
    """Return the personal columns of the contract and the requested ones, without the key."""
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
    # The key stays: without it the row could not be matched with its other deliveries, and published figures would change.
    chosen = sorted({*personal, *further} - set(contract.key))
    if not chosen:
        raise BadArguments(
            "the contract marks no column of this dataset as personal",
            source=contract.source,
            dataset=contract.name,
            fix="name the columns with --column",
        )
    return tuple(chosen)


def _whole_file(data: DataRoot, erasure: Erasure) -> FileRows:
    assert erasure.file_sha256
    entries = [
        entry
        for entry in ledger_entries(data, erasure.source, erasure.dataset)
        if entry["file_sha256"] == erasure.file_sha256
    ]
    if not entries:
        raise BadArguments(
            "no file with this hash is landed",
            sha256=erasure.file_sha256,
            fix="look the hash up in audit.file_ledger",
        )
    # Without its file the rows would disappear, and published figures would change. An erasure removes values, not rows.
    if any(entry["status"] == "parsed" for entry in entries):
        raise BadArguments(
            "the file holds rows that are in the warehouse",
            file=entries[0]["original_name"],
            fix="erase its rows by their key; only evidence and rejected files can be erased as a whole",
        )
    entry = entries[0]
    return FileRows(erasure.file_sha256, entry["export_id"], entry["provider"], entry["part"])


def _require_here(
    data: DataRoot, landing: Landing, exports: Iterable[Manifest], hashes: set[str], erasure: Erasure
) -> None:
    known = archived(data)
    folders = sorted({known[export.export_id].folder for export in exports if export.export_id in known})
    if folders:
        raise BadArguments(
            "the bytes are in an archive, which never changes",
            **_place(erasure),
            archive=", ".join(folders),
            fix="`wangjian archive restore FOLDER`, erase, archive again into another folder, and destroy the old one",
        )
    # Raises for bytes that are missing. Better before the request than in the middle of the erasure.
    for sha256 in hashes:
        landing.path_of(sha256)
