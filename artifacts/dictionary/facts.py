"""The views and functions of the facts: what they share is said once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from artifacts.dictionary.markdown import code, codes, link, prose, table
from artifacts.dictionary.relations import Found, Relation
from artifacts.dictionary.tables import described
from contracts import Fact, Warehouse
from warehouse.columns import view_columns
from warehouse.templates import FUNCTIONS, KINDS

HEAD = ("column", "type", "NULL", "meaning")


class Views:
    """Every view and function beside its fact."""

    def __init__(self, found: Mapping[str, Relation], warehouse: Warehouse) -> None:
        self._found = found
        self._warehouse = warehouse

    def section(self, kind: str) -> str:
        """What the views of this kind promise, and the columns that they add to every fact."""
        facts = self._warehouse.facts
        about = prose(self._of(facts[0], kind).about)
        parts = [f"### {kind}", codes(_called(fact, kind) for fact in facts), about]
        if not self._is_shared(kind):
            parts.append("To the fact's columns it adds others, which stand with each fact.")
        elif self._added(facts[0], kind):
            contract = {c.name: c for c in view_columns(facts[0], kind, self._warehouse)}
            rows = (described(c, contract[c.name].nullable) for c in self._added(facts[0], kind))
            parts += [f"{self._kept_of_all(kind)} and adds:", table(HEAD, rows)]
        else:
            parts.append("It has the fact's columns.")
        return "\n\n".join(parts)

    def of_fact(self, fact: Fact) -> Iterator[str]:
        """What each view of the fact has, and the columns that no other fact's view adds."""
        rows = [
            (f"[{code(_called(fact, kind))}](#{kind})", self._told(fact, kind)) for kind in KINDS
        ]
        yield "Read it through:"
        yield table(("view or function", "columns"), rows)
        for kind in KINDS:
            if not self._is_shared(kind):
                yield from self._by_origin(fact, kind)

    def _of(self, fact: Fact, kind: str) -> Relation:
        return self._found[f"{fact.name}_{kind}"]

    def _added(self, fact: Fact, kind: str) -> Sequence[Found]:
        own = self._found[fact.name].names
        return [column for column in self._of(fact, kind).columns if column.name not in own]

    def _is_shared(self, kind: str) -> bool:
        first, *others = (self._added(fact, kind) for fact in self._warehouse.facts)
        return all(other == first for other in others)

    def _kept(self, fact: Fact, kind: str) -> Sequence[str]:
        """The fact's own columns in a view; nothing where it has them all."""
        own, names = self._found[fact.name].names, self._of(fact, kind).names
        kept = [name for name in names if name in own]
        return kept if len(kept) < len(own) else []

    def _kept_of_all(self, kind: str) -> str:
        """The same in words that are true of every fact."""
        fact = self._warehouse.facts[0]
        kept = ["the key" if name == fact.key else code(name) for name in self._kept(fact, kind)]
        return (
            f"Of the fact's columns it has {', '.join(kept)},"
            if kept
            else "It has the fact's columns"
        )

    def _told(self, fact: Fact, kind: str) -> str:
        """The columns of a view, by what they are beside the fact's."""
        told = codes(self._kept(fact, kind)) or "those of the fact"
        added = codes(column.name for column in self._added(fact, kind))
        if not added:
            return told
        return f"{told}; {added if self._is_shared(kind) else 'those below'}"

    def _by_origin(self, fact: Fact, kind: str) -> Iterator[str]:
        """What a view adds, a table for each dimension that it comes from."""
        contract = {c.name: c for c in view_columns(fact, kind, self._warehouse)}
        added = ((column, contract[column.name]) for column in self._added(fact, kind))
        for dimension, columns in groupby(added, key=lambda pair: pair[1].lookup):
            rows = (
                (*described(column, told.nullable), code(told.origin_column))
                for column, told in columns
            )
            yield f"{code(_called(fact, kind))} adds from {link(dimension)}:"
            yield table((*HEAD, "comes from"), rows)


def _called(fact: Fact, kind: str) -> str:
    return f"{fact.name}_{kind}{'(timestamp)' if kind in FUNCTIONS else ''}"
