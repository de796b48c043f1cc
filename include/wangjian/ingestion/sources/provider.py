"""Read how each monitoring provider lays out its files: one YAML file per provider, and no code.

The drop folder connector uses the file names, the parser the columns. A new provider, or new column names of a provider, need only
a new or changed YAML file in `providers/`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wangjian.core.errors import BadArguments
from wangjian.ingestion.landing.manifest import Role
from wangjian.ingestion.sources.contract import Dataset, load_contract

PROVIDERS = Path(__file__).parent / "providers"
SOURCE = "third_party"


class _Layout(BaseModel):
    # a misspelled key in a layout must be an error: ignored, it would leave a column unread
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnLayout(_Layout):
    """Where a provider's file has one field of the contract.

    Attributes:
        field: the contract's column.
        headers: the possible names of its header, compared after NFKC normalization and without blanks.
        hyperlink: whether the target of the cell's link, where it has one, replaces the cell's text.
        scale: the factor from the file's unit to the contract's unit (万元 → yuan: 10000).
        values: texts of the file and their replacements; an empty replacement means null. Other texts stay.
    """

    field: str
    headers: tuple[str, ...] = Field(min_length=1)
    hyperlink: bool = False
    scale: Decimal = Decimal(1)
    values: dict[str, str] = {}


class SheetLayout(_Layout):
    """Which sheets of a workbook hold rows: all except `exclude`.

    Attributes:
        exclude: the names of sheets without rows (the cover sheet).
        name_field: the contract's column that takes the sheet's name where the cell is blank.
    """

    exclude: tuple[str, ...] = ()
    name_field: str | None = None


class HeaderLayout(_Layout):
    """How to find the header row: the first row that holds every required header.

    Attributes:
        search_rows: the number of rows to search; 1 = the header is the first row.
        year_from_title: whether a date without a year takes the year from the rows above the header.
    """

    search_rows: int = Field(default=1, ge=1)
    year_from_title: bool = False


class CoverSheet(_Layout):
    """Control totals on a cover sheet: one row per scope (county = sheet name) with the declared number of rows.

    Attributes:
        dataset: the dataset whose rows are counted.
        sheet: the cover sheet's name.
        scope_headers: the possible names of the scope column's header.
        count_headers: the possible names of the count column's header.
        totals_marker: the text in the scope column that marks the row of the sum, which is not a scope.
    """

    kind: Literal["cover_sheet"]
    dataset: str
    sheet: str
    scope_headers: tuple[str, ...] = Field(min_length=1)
    count_headers: tuple[str, ...] = Field(min_length=1)
    totals_marker: str | None = None


class JsonCounts(_Layout):
    """Control totals in a flat JSON object.

    Attributes:
        keys: the key in the object → the dataset whose rows it counts.
    """

    kind: Literal["json_counts"]
    keys: dict[str, str] = Field(min_length=1)


Control = Annotated[CoverSheet | JsonCounts, Field(discriminator="kind")]


class FileLayout(_Layout):
    """One kind of file that a provider delivers.

    Attributes:
        dataset: the contract's dataset, or `summary` for a file that has only control totals.
        name: the file name, with `{period}` (YYYYMM, in special deliveries YYYYMMDD), `{version}`, and `[...]` around optional parts.
        format: the name of a format in `parsing/formats`.
        role: as in the manifest.
        encodings: the encodings of a text file, tried in this order, strictly.
        sheets: which sheets of a workbook hold rows.
        header: where the header row is.
        totals_marker: the text in the first filled cell that marks the row of the sum; reading stops there.
        ignored_headers: columns that are known and not needed, so that they do not count as schema drift.
        control: the totals that this file declares, about itself or other files.
        columns: the fields, in any order.
    """

    dataset: str
    name: str
    format: str
    role: Role = "data"
    encodings: tuple[str, ...] = ("utf-8-sig",)
    sheets: SheetLayout = SheetLayout()
    header: HeaderLayout = HeaderLayout()
    totals_marker: str | None = None
    ignored_headers: tuple[str, ...] = ()
    control: Control | None = None
    columns: tuple[ColumnLayout, ...] = ()

    @cached_property
    def name_pattern(self) -> re.Pattern[str]:
        """Return the name as a regular expression with the group `period` and, if the name has one, `version`."""
        pattern = re.escape(self.name)
        pattern = pattern.replace(re.escape("{period}"), r"(?P<period>\d{6}(?:\d{2})?)")
        pattern = pattern.replace(re.escape("{version}"), r"(?P<version>\d{1,4})")
        return re.compile(pattern.replace(r"\[", "(?:").replace(r"\]", ")?"), re.IGNORECASE)

    @model_validator(mode="after")
    def _name_holds_the_period(self) -> FileLayout:
        if self.name.count("{period}") != 1 or self.name.count("[") != self.name.count("]"):
            raise ValueError(f"name {self.name!r} must have {{period}} exactly once, and every bracket closed")
        return self


class FileName(_Layout):
    """The parts of a delivered file's name.

    Attributes:
        layout: the layout that the name belongs to.
        period: YYYYMM, or YYYYMMDD in a special delivery.
        version: the number of `-vN`; 1 without it.
    """

    layout: FileLayout
    period: str
    version: int


class Provider(_Layout):
    """One monitoring provider.

    Attributes:
        provider: the code, which is also the name of the provider's folder in the drop folder.
        name_zh: the Chinese name.
        name_en: the English name.
        evidence_folder: the folder in a delivery with the screenshots that the list names.
        files: the kinds of file that the provider delivers.
    """

    provider: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name_zh: str
    name_en: str
    evidence_folder: str = "evidence"
    files: tuple[FileLayout, ...] = Field(min_length=1)

    def recognise(self, file_name: str) -> FileName | None:
        """Return layout, period and version of a delivered file.

        Args:
            file_name: the name without folders.

        Returns:
            The parts of the name; null where it fits no layout.
        """
        for layout in self.files:
            if match := layout.name_pattern.fullmatch(file_name):
                groups = match.groupdict()
                return FileName(layout=layout, period=groups["period"], version=int(groups.get("version") or 1))
        return None


@cache
def load_providers(folder: Path = PROVIDERS) -> dict[str, Provider]:
    """Return the layouts of all providers.

    Args:
        folder: the folder with one YAML file per provider, named after the provider.

    Returns:
        The providers by code.

    Raises:
        BadArguments: a file is not a valid layout, or names a field that is not in the contract.
    """
    providers = [_load(path) for path in sorted(folder.glob("*.yml"))]
    return {provider.provider: provider for provider in providers}


def load_provider(code: str) -> Provider:
    """Return the layout of one provider.

    Raises:
        BadArguments: there is no layout for that provider.
    """
    try:
        return load_providers()[code]
    except KeyError:
        raise BadArguments(
            f"there is no layout for provider {code}",
            folder=PROVIDERS,
            fix=f"describe its files in providers/{code}.yml",
        ) from None


def _load(path: Path) -> Provider:
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        provider = Provider.model_validate(document)
        if provider.provider != path.stem:
            raise ValueError(f"the file describes {provider.provider}, but its name is {path.name}")
        _check_against_contract(provider, load_contract(SOURCE))
    except (ValueError, ValidationError, yaml.YAMLError) as error:
        raise BadArguments(f"invalid provider layout: {error}", file=path, fix="correct the YAML file") from error
    return provider


def _check_against_contract(provider: Provider, contract: dict[str, Dataset]) -> None:
    for layout in provider.files:
        if layout.role == "data":
            _check_columns(layout, contract)


def _check_columns(layout: FileLayout, contract: dict[str, Dataset]) -> None:
    if layout.dataset not in contract:
        raise ValueError(f"{layout.name}: the contract has no dataset {layout.dataset}")
    dataset, fields = contract[layout.dataset], [column.field for column in layout.columns]
    unknown = sorted(set(fields) - set(dataset.column_names))
    missing = sorted({column.name for column in dataset.columns if column.required} - set(fields))
    # checked when the layout is read: otherwise the provider's next file would be the first to show the mistake
    if unknown or missing or len(set(fields)) < len(fields):
        raise ValueError(
            f"{layout.name}: unknown fields {unknown}, missing required fields {missing}, or a field is named twice"
        )
