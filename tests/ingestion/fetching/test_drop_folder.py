"""The connector of the providers' drop folder: it takes complete deliveries and plain files only, with versions by name."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from simulator.serving import Served
from support.served import endpoint_of
from wangjian.core.errors import BadArguments, BadDelivery, SourceUnavailable
from wangjian.ingestion.fetching.connection import Endpoint
from wangjian.ingestion.fetching.fetch import FetchReport
from wangjian.ingestion.landing.store import Landing
from wangjian.ingestion.sources.registry import get_source

Run = Callable[..., FetchReport]
JUNE = date(2023, 6, 30)


@pytest.fixture
def drop(serve: Callable[..., Served], tmp_path: Path) -> Endpoint:
    """The endpoint of a copy of the drop folder, which a test may change."""
    folder = tmp_path / "drop"
    shutil.copytree(serve().drop, folder)
    return dataclasses.replace(endpoint_of(serve(), "third_party"), extra={"path": str(folder)})


@pytest.fixture
def take(run: Run, serve: Callable[..., Served], drop: Endpoint) -> Callable[..., FetchReport]:
    return lambda **changes: run(serve(), "third_party", endpoint=drop, **changes)


def folder_of(drop: Endpoint, provider: str = "tp_b") -> Path:
    return Path(drop.extra["path"]) / provider / "2023-06"


def test_a_delivery_is_landed_once(take: Callable[..., FetchReport], landing: Landing) -> None:
    report = take()
    datasets = {(export.key.provider, export.key.dataset) for export in landing.exports()}
    assert datasets >= {
        ("tp_a", "leads"),
        ("tp_b", "leads"),
        ("tp_b", "coverage"),
        ("tp_b", "summary"),
    }
    assert {export.key.business_date for export in landing.exports()} == {JUNE}
    assert "evidence" in {dataset for _, dataset in datasets}
    assert report.exports_new > 0
    assert take().exports_new == 0


def test_a_delivery_without_done_is_not_fetched(
    take: Callable[..., FetchReport], drop: Endpoint, landing: Landing
) -> None:
    (folder_of(drop) / "DONE").unlink()
    take()
    assert {export.key.provider for export in landing.exports()} == {"tp_a"}


def test_a_link_is_never_followed(
    take: Callable[..., FetchReport], drop: Endpoint, landing: Landing, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    link = folder_of(drop) / "evidence" / "zz.png"
    link.symlink_to(secret)
    with pytest.raises(BadDelivery, match=r"evidence/zz\.png.*plain files: no links"):
        take()
    assert not any(landing.read(f.sha256) == b"secret" for export in landing.exports() for f in export.files)


def test_a_delivery_folder_that_is_a_link_is_skipped(
    take: Callable[..., FetchReport], drop: Endpoint, landing: Landing
) -> None:
    folder = folder_of(drop)
    folder.rename(folder.parent / "elsewhere-2023")
    folder.symlink_to(folder.parent / "elsewhere-2023")
    report = take()
    assert {export.key.provider for export in landing.exports()} == {"tp_a"}
    assert any("elsewhere-2023" in warning for warning in report.warnings)


def test_a_higher_version_is_an_export_of_its_own(
    take: Callable[..., FetchReport], drop: Endpoint, landing: Landing
) -> None:
    take()
    for name in ("clues_202306", "coverage_202306", "summary_202306"):
        (old,) = folder_of(drop).glob(f"{name}.*")
        shutil.copy(old, old.with_name(f"{name}-v3{old.suffix}"))
    take()
    versions = {export.key.version for export in landing.exports("third_party", "coverage")}
    assert {1, 3} <= versions


def test_an_unknown_folder_or_file_is_a_warning(take: Callable[..., FetchReport], drop: Endpoint) -> None:
    (folder_of(drop) / "说明.docx").write_bytes(b"x")
    stranger = Path(drop.extra["path"]) / "tp_z" / "2023-06"
    stranger.mkdir(parents=True)
    warnings = " ".join(take().warnings)
    assert "说明.docx" in warnings
    assert "tp_z" in warnings


def test_a_file_that_is_too_large_is_refused(run: Run, serve: Callable[..., Served], drop: Endpoint) -> None:
    small = get_source("third_party").drop.model_copy(update={"max_file_bytes": 100})
    with pytest.raises(BadDelivery, match="larger than 100 bytes"):
        run(serve(), "third_party", endpoint=drop, drop=small)


def test_a_special_delivery_keeps_its_own_date(
    take: Callable[..., FetchReport], drop: Endpoint, landing: Landing
) -> None:
    special = folder_of(drop).parent / "special-20230629-T01"
    special.mkdir()
    for path in folder_of(drop).glob("*_202306*"):
        shutil.copy(path, special / path.name.replace("202306", "20230629"))
    (special / "DONE").write_text("2023-06-30T10:00:00+08:00\n")
    take()
    specials = {
        (e.key.business_date, e.key.delivery) for e in landing.exports("third_party", "leads") if e.key.delivery
    }
    assert specials == {(date(2023, 6, 29), "special-20230629-T01")}


def test_a_drop_folder_that_is_not_mounted_is_one_clear_error(
    run: Run, serve: Callable[..., Served], drop: Endpoint
) -> None:
    with pytest.raises(SourceUnavailable, match="drop folder does not exist"):
        run(serve(), "third_party", endpoint=dataclasses.replace(drop, extra={"path": "/nowhere/drop"}))
    with pytest.raises(BadArguments, match="has no path"):
        run(serve(), "third_party", endpoint=dataclasses.replace(drop, extra={}))
