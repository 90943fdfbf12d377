"""The views and functions of the facts: common columns are described once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from artifacts.dictionary.markdown import code, codes, link, prose, table
from artifacts.dictionary.relations import Relation, RelationColumn
from artifacts.dictionary.tables import described
from contracts import Fact, Warehouse
from warehouse.columns import view_columns
from warehouse.templates import FUNCTIONS, KINDS

HEAD = ("column", "type", "NULL", "meaning")


class Views:
    """The sections on the views and functions of the facts."""

    def __init__(self, relations: Mapping[str, Relation], warehouse: Warehouse) -> None:
        self._relations = relations
        self._warehouse = warehouse

    def section(self, kind: str) -> str:
        """Return the section of a kind: its comment, and the columns that it adds to every fact."""
        facts = self._warehouse.facts
        about = prose(self._of(facts[0], kind).about)
        parts = [f"### {kind}", codes(_signature(fact, kind) for fact in facts), about]
        if not self._is_shared(kind):
            parts.append(
                "It adds columns to those of the fact; the section of each fact lists them."
            )
        elif self._added(facts[0], kind):
            contract = {c.name: c for c in view_columns(facts[0], kind, self._warehouse)}
            rows = (described(c, contract[c.name].nullable) for c in self._added(facts[0], kind))
            parts += [f"{self._kept_of_all(kind)} and adds:", table(HEAD, rows)]
        else:
            parts.append("It has the fact's columns.")
        return "\n\n".join(parts)

    def of_fact(self, fact: Fact) -> Iterator[str]:
        """Yield the table of the views of a fact, and the columns that only they add."""
        rows = [
            (f"[{code(_signature(fact, kind))}](#{kind})", self._columns(fact, kind))
            for kind in KINDS
        ]
        yield "Read it through:"
        yield table(("view or function", "columns"), rows)
        for kind in KINDS:
            if not self._is_shared(kind):
                yield from self._by_origin(fact, kind)

    def _of(self, fact: Fact, kind: str) -> Relation:
        return self._relations[f"{fact.name}_{kind}"]

    def _added(self, fact: Fact, kind: str) -> Sequence[RelationColumn]:
        own = self._relations[fact.name].names
        return [column for column in self._of(fact, kind).columns if column.name not in own]

    def _is_shared(self, kind: str) -> bool:
        first, *others = (self._added(fact, kind) for fact in self._warehouse.facts)
        return all(other == first for other in others)

    def _kept(self, fact: Fact, kind: str) -> Sequence[str]:
        """Return the fact's own columns in a view, or [] if the view has all of them."""
        own, names = self._relations[fact.name].names, self._of(fact, kind).names
        kept = [name for name in names if name in own]
        return kept if len(kept) < len(own) else []

    def _kept_of_all(self, kind: str) -> str:
        """Return a sentence about these columns that is true for every fact."""
        fact = self._warehouse.facts[0]
        kept = ["the key" if name == fact.key else code(name) for name in self._kept(fact, kind)]
        return (
            f"Of the fact's columns it has {', '.join(kept)},"
            if kept
            else "It has the fact's columns"
        )

    def _columns(self, fact: Fact, kind: str) -> str:
        """Return the columns of a view: those of the fact, and those that it adds."""
        own = codes(self._kept(fact, kind)) or "those of the fact"
        added = codes(column.name for column in self._added(fact, kind))
        if not added:
            return own
        return f"{own}; {added if self._is_shared(kind) else 'those below'}"

    def _by_origin(self, fact: Fact, kind: str) -> Iterator[str]:
        """Yield the columns that a view adds, one table for each dimension."""
        contract = {c.name: c for c in view_columns(fact, kind, self._warehouse)}
        added = ((column, contract[column.name]) for column in self._added(fact, kind))
        for dimension, columns in groupby(added, key=lambda pair: pair[1].lookup):
            rows = (
                (*described(column, of.nullable), code(of.origin_column)) for column, of in columns
            )
            yield f"{code(_signature(fact, kind))} adds from {link(dimension)}:"
            yield table((*HEAD, "comes from"), rows)


def _signature(fact: Fact, kind: str) -> str:
    return f"{fact.name}_{kind}{'(timestamp)' if kind in FUNCTIONS else ''}"
