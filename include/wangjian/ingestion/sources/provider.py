"""How each monitoring provider lays out what it delivers: one YAML file per provider, and no code.

The drop folder connector reads the file names here, the parser the columns. A new provider, or a provider's new column
names, means a new or changed YAML file in `providers/`.
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
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnLayout(_Layout):
    """Where one unified field stands in a provider's file.

    Attributes:
        field: the contract's column.
        headers: the names that its header may bear, compared after NFKC and without blanks.
        hyperlink: the target of the cell's link, where it has one, stands for the cell's text.
        scale: the file's number times this is the contract's unit (万元 → yuan: 10000).
        values: texts of the file and what stands for them; an empty text means null. Others pass unchanged.
    """

    field: str
    headers: tuple[str, ...] = Field(min_length=1)
    hyperlink: bool = False
    scale: Decimal = Decimal(1)
    values: dict[str, str] = {}


class SheetLayout(_Layout):
    """Which sheets of a workbook hold rows: all but `exclude`.

    Attributes:
        exclude: names of sheets that hold no rows (the cover sheet).
        name_field: the contract's column that the sheet's name fills where the cell is blank.
    """

    exclude: tuple[str, ...] = ()
    name_field: str | None = None


class HeaderLayout(_Layout):
    """How to find the header row: the first row that holds every required header.

    Attributes:
        search_rows: look no further than this many rows; 1 = the header is the first row.
        year_from_title: a date without a year takes the year named in the rows above the header.
    """

    search_rows: int = Field(default=1, ge=1)
    year_from_title: bool = False


class CoverSheet(_Layout):
    """Control totals on a cover sheet: one row per scope (county = sheet name) with its declared count of rows.

    Attributes:
        dataset: the dataset whose rows are counted.
        sheet: the cover sheet's name.
        scope_headers: names that the header of the scope may bear.
        count_headers: names that the header of the count may bear.
        totals_marker: the row with this text in the scope column is the sum, not a scope.
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
        keys: the object's key → the dataset whose rows it counts.
    """

    kind: Literal["json_counts"]
    keys: dict[str, str] = Field(min_length=1)


Control = Annotated[CoverSheet | JsonCounts, Field(discriminator="kind")]


class FileLayout(_Layout):
    """One kind of file that a provider delivers.

    Attributes:
        dataset: the contract's dataset, or `summary` for a file of control totals alone.
        name: its name, with `{period}` (YYYYMM, in specials YYYYMMDD), `{version}` and `[...]` around what may be missing.
        format: the name of a format in `parsing/formats`.
        role: as in the manifest.
        encodings: of text files, tried in this order, strictly.
        sheets: of workbooks.
        header: where the header row stands.
        totals_marker: a row with this text in its first filled cell is the sum: neither it nor what follows is read.
        ignored_headers: columns that are known and not wanted, hence no schema drift.
        control: the totals that this file declares, of itself or of others.
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
        """The name as a regular expression with the groups `period` and, where it has one, `version`."""
        pattern = re.escape(self.name)
        pattern = pattern.replace(re.escape("{period}"), r"(?P<period>\d{6}(?:\d{2})?)")
        pattern = pattern.replace(re.escape("{version}"), r"(?P<version>\d{1,4})")
        return re.compile(pattern.replace(r"\[", "(?:").replace(r"\]", ")?"), re.IGNORECASE)

    @model_validator(mode="after")
    def _name_holds_the_period(self) -> FileLayout:
        if self.name.count("{period}") != 1 or self.name.count("[") != self.name.count("]"):
            raise ValueError(f"name {self.name!r} needs {{period}} once, and closed brackets")
        return self


class FileName(_Layout):
    """A delivered file's name, understood.

    Attributes:
        layout: how the file is laid out.
        period: YYYYMM, or YYYYMMDD in a special.
        version: from `-vN`; without it 1.
    """

    layout: FileLayout
    period: str
    version: int


class Provider(_Layout):
    """One monitoring provider.

    Attributes:
        provider: its code = the name of its folder in the drop folder.
        name_zh: Chinese name.
        name_en: English name.
        evidence_folder: the folder, inside a delivery, of the screenshots that the list names.
        files: the kinds of file that it delivers.
    """

    provider: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name_zh: str
    name_en: str
    evidence_folder: str = "evidence"
    files: tuple[FileLayout, ...] = Field(min_length=1)

    def recognise(self, file_name: str) -> FileName | None:
        """Find the layout of a delivered file by its name.

        Args:
            file_name: the bare name, without folders.

        Returns:
            Layout, period and version, or null where no layout knows the name.
        """
        for layout in self.files:
            if found := layout.name_pattern.fullmatch(file_name):
                groups = found.groupdict()
                return FileName(layout=layout, period=groups["period"], version=int(groups.get("version") or 1))
        return None


@cache
def load_providers(folder: Path = PROVIDERS) -> dict[str, Provider]:
    """Read every provider's layout.

    Args:
        folder: holds one YAML file per provider, named like it.

    Returns:
        The providers by code.

    Raises:
        BadArguments: a file is not a valid layout, or names a field that the contract does not have.
    """
    found = [_load(path) for path in sorted(folder.glob("*.yml"))]
    return {provider.provider: provider for provider in found}


def load_provider(code: str) -> Provider:
    """Read one provider's layout.

    Raises:
        BadArguments: nobody has described that provider.
    """
    try:
        return load_providers()[code]
    except KeyError:
        raise BadArguments(
            f"provider {code} is not known", folder=PROVIDERS, fix=f"describe its files in providers/{code}.yml"
        ) from None


def _load(path: Path) -> Provider:
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        provider = Provider.model_validate(document)
        if provider.provider != path.stem:
            raise ValueError(f"describes {provider.provider}, but is named {path.name}")
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
    if unknown or missing or len(set(fields)) < len(fields):
        raise ValueError(f"{layout.name}: unknown fields {unknown}, required but missing {missing}, or one named twice")
