"""One row of a fact: its versions, its state at a time, and the names behind its keys. The SQL
follows from the contract of the fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import contracts
from contracts import Fact
from contracts.observation import VERSION
from dashboard import formatting, labels
from dashboard.page import project_pages
from dashboard.reader import Reader, Rows
from postgres import names, render

Labels = Mapping[str, Mapping[Any, str]]
"""The names of dimension members by column and key."""

EXISTS = "select 1 as found from {history} where {key} = :row_key limit 1"
VERSIONS = """
select version, valid_from, valid_to, is_deleted, batch_seq, {columns}
from {history} where {key} = :row_key order by version
"""
WITH_KEYS = "select * from ({members}) as member where key = any(:keys)"
AS_OF = "select {columns} from {function}(cast(:moment as timestamp)) where {key} = :row_key"


@dataclass(frozen=True)
class FactRow:
    """The row of a fact that has the key ``key``."""

    fact: Fact
    key: int

    @property
    def columns(self) -> list[str]:
        """The columns that can change: all but the key and the columns of the version itself."""
        return [c.name for c in self.fact.columns if c.name != self.fact.key and c not in VERSION]

    def exists(self, reader: Reader) -> bool:
        """Return whether the warehouse has a version of the row."""
        statement = self._sql(EXISTS, history=f"{self.fact.name}_history")
        return bool(reader.run(statement, row_key=self.key))

    def versions(self, reader: Reader) -> Rows:
        """Return all versions, oldest first."""
        history = f"{self.fact.name}_history"
        return reader.run(self._sql(VERSIONS, history=history), row_key=self.key)

    def as_of(self, reader: Reader, moment: datetime) -> Mapping[str, Any] | None:
        """Return the row as of a time, or None if it did not exist then."""
        statement = self._sql(AS_OF, function=f"{self.fact.name}_as_of")
        rows = reader.run(statement, row_key=self.key, moment=moment)
        return rows[0] if rows else None

    def labels(self, reader: Reader, rows: Rows) -> Labels:
        """Return the current names of the dimension members that the rows refer to."""
        found = {}
        for column in self.fact.columns:
            if dimension := labels.dimension(column.references):
                keys = sorted({row[column.name] for row in rows})
                statement = render(WITH_KEYS, members=labels.members(dimension))
                members = reader.run(statement, keys=keys)
                found[column.name] = {member["key"]: member["label"] for member in members}
        return found

    def format(self, column: str, row: Mapping[str, Any], named: Labels) -> str:
        """Format the value of a column; an amount is followed by the row's currency."""
        text = formatting.value(row[column], named.get(column))
        if self.fact.column(column).type.kind != "numeric":
            return text
        return f"{text} {self._currency(row, named)}".strip()

    def _currency(self, row: Mapping[str, Any], named: Labels) -> str:
        dimension = project_pages().currency_dimension
        columns = [c.name for c in self.fact.columns if dimension and c.references == dimension]
        return next((named.get(name, {}).get(row[name], "") for name in columns), "")

    def _sql(self, template: str, **objects: str) -> str:
        return render(template, columns=names(self.columns), key=self.fact.key, **objects)


def fact(name: str) -> Fact:
    """Return the contract of a fact. Raises KeyError for any other table."""
    table = contracts.warehouse().tables[name]
    if not isinstance(table, Fact):
        raise KeyError(name)
    return table
