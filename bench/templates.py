"""Turn a record into a template with marks for the copy's own identifiers; DuckDB makes the records of many copies from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa


@dataclass(frozen=True)
class Identifiers:
    """The fields of a dataset that differ in each copy.

    Attributes:
        per: the attribute of `Scale` that has the number of copies: `storefronts` or `leads`.
        names: keys and references to keys.
        urls: addresses of shops and sites.
        usccs: unified social credit codes.
        case_nos: case and decision numbers.
    """

    per: str
    names: tuple[str, ...]
    urls: tuple[str, ...] = ()
    usccs: tuple[str, ...] = ()
    case_nos: tuple[str, ...] = ()


COPY, USCC = "@@COPY@@", "@@USCC@@"
_NUMBERS = ("@@FIRST@@", "@@SECOND@@")
# the characters of a credit code, which has no I, O, S, V and Z
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# of the whole code (GB 32100-2015)
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# of the organization code inside of it (GB 11714)
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# records that are made at once: more would not fit into DuckDB's memory limit
CHUNK_ROWS = 250_000


@dataclass(frozen=True)
class Template:
    """A record as text with marks.

    Attributes:
        text: the record, with a mark in place of each identifier.
        uscc: the credit code of the city's record, if the text has a mark for it.
        numbers: the numbers in its case numbers, in the order of their marks.
    """

    text: str
    uscc: str | None
    numbers: tuple[int, ...]


def template(
    record: Mapping[str, object], identifiers: Identifiers, text_of: Callable[[Mapping[str, object]], str]
) -> Template:
    """Return a record as a template, with marks in place of its identifiers.

    Args:
        record: values by field.
        identifiers: the fields that differ in each copy.
        text_of: writes a record as text.
    """
    marked = dict(record)
    marked |= {name: f"{record[name]}.{COPY}" for name in identifiers.names if record.get(name)}
    marked |= {name: _marked_url(str(record[name])) for name in identifiers.urls if record.get(name)}
    numbers: list[int] = []
    for name in identifiers.case_nos:
        if number := re.search("([0-9]+)号", str(record.get(name) or "")):
            marked[name] = str(record[name]).replace(number[0], f"{_NUMBERS[len(numbers)]}号")
            numbers.append(int(number[1]))
    uscc = next((str(record[name]) for name in identifiers.usccs if _is_plain(record.get(name))), None)
    marked |= {name: USCC for name in identifiers.usccs if uscc}
    return Template(text_of(marked), uscc, tuple(numbers))


def _is_plain(uscc: object) -> bool:
    """Return whether a credit code has the form of one. Any other stays as it is: an error of the city is an error of its copies."""
    return isinstance(uscc, str) and bool(re.fullmatch("[0-9]{8}[0-9A-Z]{10}", uscc))


def _marked_url(url: str) -> str:
    """Return an address with a mark: another shop on the same platform, or another host of a site."""
    # a mark in the host of a shop would move the shop to a platform that does not exist
    if re.search("/shop/[0-9]+", url):
        return re.sub("(/shop/[0-9]+)", rf"\1.{COPY}", url)
    return re.sub(r"^(https?://)?(www\.)?", rf"\1\2c{COPY}-", url)


class Expander:
    """Makes the records of all copies from templates."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"memory_limit": "4GB"})
        self._connection.execute(f"create macro own_uscc(uscc, copy) as {_with_signs(_HEAD)}")

    def pages(self, templates: Sequence[Template], copies: int, rows: int, separator: str) -> Iterator[str]:
        """Yield the records of all copies, copy by copy, as texts of up to `rows` records.

        Args:
            templates: the records of one copy.
            copies: the number of copies.
            rows: the most records in a text; the last text of a chunk may have fewer.
            separator: the text between two records.
        """
        table = pa.table(
            {
                "place": range(len(templates)),
                "text": pa.array([item.text for item in templates], pa.string()),
                "uscc": pa.array([item.uscc for item in templates], pa.string()),
                "numbers": pa.array([item.numbers for item in templates], pa.list_(pa.int64())),
            }
        )
        step = max(1, CHUNK_ROWS // max(1, len(templates)))
        self._connection.register("template", table)
        for first in range(0, copies, step):
            yield from self._chunk(range(first, min(first + step, copies)), copies, rows, separator)
        self._connection.unregister("template")

    def _chunk(self, chunk: range, copies: int, rows: int, separator: str) -> list[str]:
        # each case needs its own number: the city's number times the copies, plus the copy's number
        own = f"replace(text, '{COPY}', cast(copy as varchar))"
        for place, mark in enumerate(_NUMBERS, start=1):
            own = f"replace({own}, '{mark}', cast(coalesce(numbers[{place}], 0) * {copies} + copy as varchar))"
        own = f"replace({own}, '{USCC}', coalesce(own_uscc(uscc, copy), ''))"
        texts = self._connection.execute(
            f"""
            select string_agg({own}, $separator order by copy, place)
            from template cross join (select unnest(range({chunk.start}, {chunk.stop})) as copy)
            group by ((copy - {chunk.start}) * (select count(*) from template) + place) // {rows}
            order by min(copy * (select count(*) from template) + place)
            """,
            {"separator": separator},
        )
        return [text for (text,) in texts.fetchall()]


def _sign(value: str) -> str:
    return f"substr('{_SIGNS}', 1 + ({value}) % 31, 1)"


# the registrar and the kind stay; the copy's number takes the first three of the eight characters of the subject
_HEAD = (
    f"substr(uscc, 1, 8) || {_sign('copy // 961')} || {_sign('copy // 31')} || {_sign('copy')} || substr(uscc, 12, 5)"
)


def _with_signs(head: str) -> str:
    """Return SQL that adds both check characters to 16 characters of a credit code (GB 11714, GB 32100-2015)."""
    # with wrong check characters the warehouse would take every copied code for an invalid one
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    inner = _sum(_INNER_WEIGHTS, letters, "head", 8)
    outer = _sum(_WEIGHTS, _SIGNS, "inner_head", 0)
    return (
        f"(select inner_head || {_sign(f'31 - ({outer}) % 31')} from "
        f"(select head || substr('123456789X0', 11 - ({inner}) % 11, 1) as inner_head from (select {head} as head)))"
    )


def _sum(weights: Sequence[int], alphabet: str, text: str, offset: int) -> str:
    return " + ".join(
        f"{weight} * (instr('{alphabet}', substr({text}, {place + offset}, 1)) - 1)"
        for place, weight in enumerate(weights, start=1)
    )
