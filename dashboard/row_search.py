"""The search of rows: by number, and by the labels of the members that any version refers to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts import Dimension, Fact, PlatformError
from dashboard import earlier_names, labels
from dashboard.earlier_names import Names
from dashboard.fact_row import fact
from dashboard.page import RowKind, project_pages
from dashboard.reader import Reader
from postgres import Sql, render

LARGEST_KEY = 2**31 - 1
MAX_DIGITS = len(str(LARGEST_KEY))
LABEL_WITH_KEY = re.compile(r"(?P<label>.+) \((?P<key>\d+)\)", re.ASCII)
MEMBERS = """
select key from ({members}) as member
where position(lower(:text) in lower(label)) > 0 and (cast(:only as int) is null or key = :only)
"""
REFERS = "or {column} = any(cast(:{parameter} as bigint[]))"
CONTAINS = "or position(lower(:text) in lower({column})) > 0"
ROWS = """
select {key} as key from {history}
where {key} = :number {conditions}
group by {key}
order by {key} is not distinct from :number desc, {key} desc
limit :max_rows
"""
NOT_CONFIGURED = "Earlier names were not searched: the address of the lake is not configured."
NOT_READ = "Earlier names were not searched: the lake cannot be read."
SEARCHED = "Earlier names were searched, too: those in all batches of the lake."


@dataclass(frozen=True)
class Found:
    """The keys of the rows that match, the row with the number first, and a sentence on whether
    earlier names were searched."""

    keys: list[int]
    earlier: str


def search(reader: Reader, kind: RowKind, text: str, name: str, max_rows: int) -> Found:
    """Return the rows of a kind, which is called ``name``, that match the text: a number, '#' and a
    number, the name and a number, a part of a label, or a label with its key as pages show it."""
    of = fact(kind.fact)
    labelled = LABEL_WITH_KEY.fullmatch(text)
    words = labelled["label"] if labelled else text
    only = _key(labelled["key"]) if labelled else None
    keys, earlier = _members(reader, of, kind, words, only)
    rows = reader.run(
        _statement(of, kind, is_text=not labelled),
        number=number(text, name),
        text=text,
        max_rows=max_rows,
        **keys,
    )
    return Found([row["key"] for row in rows], earlier)


def number(text: str, name: str) -> int | None:
    """Return the number in '136', '#136' or 'Sales order 136', or None."""
    digits = text.casefold().removeprefix(name.casefold()).strip().removeprefix("#").strip()
    return _key(digits)


def _key(digits: str) -> int | None:
    # Python refuses to convert thousands of digits.
    is_key = digits.isdecimal() and len(digits) <= MAX_DIGITS and int(digits) <= LARGEST_KEY
    return int(digits) if is_key else None


def _members(
    reader: Reader, of: Fact, kind: RowKind, words: str, only: int | None
) -> tuple[dict[str, list[int]], str]:
    """Return the matching members by the parameter of their column, and what was searched."""
    references = dict(_references(of, kind))
    known, earlier = _earlier(reader)
    found = dict[str, list[int]]()
    for parameter, dimension in references.items():
        statement = render(MEMBERS, members=labels.members(dimension))
        keys = {row["key"] for row in reader.run(statement, text=words, only=only)}
        if known:
            keys.update(known.matching(dimension, words, [only] if only is not None else []))
        found[parameter] = sorted(keys)
    return found, earlier


def _earlier(reader: Reader) -> tuple[Names | None, str]:
    """Return the earlier names of every dimension that searches look at, read together, and whether
    they are searched."""
    kinds = project_pages().row_kinds.values()
    searched = [of for kind in kinds for _, of in _references(fact(kind.fact), kind)]
    dimensions = {of.name: of for of in searched}
    try:
        known = earlier_names.names(reader.settings, [*dimensions.values()])
    except PlatformError:
        return None, NOT_READ
    return known, SEARCHED if known else NOT_CONFIGURED


def _references(of: Fact, kind: RowKind) -> Iterator[tuple[str, Dimension]]:
    for column in kind.searched:
        if dimension := labels.dimension(of.column(column).references):
            yield f"in_{column}", dimension


def _statement(of: Fact, kind: RowKind, is_text: bool) -> Sql:
    """Return the query for the matching rows. Without the window columns of the history view,
    PostgreSQL only scans the fact."""
    conditions = []
    for column in kind.searched:
        if of.column(column).references:
            parameter = Sql(f"in_{column}")
            conditions.append(render(REFERS, column=column, parameter=parameter))
        elif is_text:
            conditions.append(render(CONTAINS, column=column))
    return render(
        ROWS,
        key=of.key,
        history=f"{of.name}_history",
        conditions=Sql("\n    ".join(conditions)),
    )
