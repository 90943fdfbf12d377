"""One row of a fact: its versions, its state at a time, and the names behind its keys. The SQL
follows from the contract of the fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import contracts
from contracts import Fact
from contracts.observation import VERSION
from contracts.project import project_folder
from dashboard import formatting
from dashboard.page import project_pages
from dashboard.reader import Reader, Rows
from postgres import Sql, names, render

Labels = Mapping[str, Mapping[Any, str]]
"""The names of dimension members by column and key."""

VERSIONS = """
select version, valid_from, valid_to, is_deleted, batch_seq, {columns}
from {history} where {key} = :row_key order by version
"""
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
        labels = {}
        for column in self.fact.columns:
            if statement := label_queries().get(column.references):
                keys = sorted({row[column.name] for row in rows})
                members = reader.run(statement, keys=keys)
                labels[column.name] = {member["key"]: member["label"] for member in members}
        return labels

    def format(self, column: str, row: Mapping[str, Any], labels: Labels) -> str:
        """Format the value of a column; an amount is followed by the row's currency."""
        text = formatting.value(row[column], labels.get(column))
        if self.fact.column(column).type.kind != "numeric":
            return text
        return f"{text} {self._currency(row, labels)}".strip()

    def _currency(self, row: Mapping[str, Any], labels: Labels) -> str:
        dimension = project_pages().currency_dimension
        columns = [c.name for c in self.fact.columns if dimension and c.references == dimension]
        return next((labels.get(name, {}).get(row[name], "") for name in columns), "")

    def _sql(self, template: str, **objects: str) -> str:
        return render(template, columns=names(self.columns), key=self.fact.key, **objects)


@cache
def label_queries() -> Mapping[str, Sql]:
    """Return the query for the names of members, by dimension; some dimensions have none."""
    folder = project_folder("dashboard/sql/labels")
    return {
        path.name.removesuffix(".sql"): Sql(path.read_text(encoding="utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    }


def fact(name: str) -> Fact:
    """Return the contract of a fact. Raises KeyError for any other table."""
    table = contracts.warehouse().tables[name]
    if not isinstance(table, Fact):
        raise KeyError(name)
    return table
