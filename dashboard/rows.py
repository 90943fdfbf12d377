"""A fact by its contract: the questions about one row of it, and what its columns are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import contracts
from contracts import Fact
from contracts.observation import VERSION
from contracts.project import project_folder
from dashboard import formatting
from dashboard.reader import Reader, Rows
from postgres import Sql, names, render

HISTORY_OF = """
select version, valid_from, valid_to, is_deleted, batch_seq, {columns}
from {history} where {key} = :order order by version
"""
AS_OF = "select {columns} from {function}(cast(:moment as timestamp)) where {key} = :order"
CURRENCY = "dim_currency"


@dataclass(frozen=True)
class Order:
    """An order of a fact, and what its dimensions' keys stand for, by column."""

    fact: Fact
    key: int

    @property
    def columns(self) -> list[str]:
        """What can change in it: not its key, and not what is said of the version."""
        return [c.name for c in self.fact.columns if c.name != self.fact.key and c not in VERSION]

    def history(self, reader: Reader) -> Rows:
        """Every version of it, oldest first."""
        statement = render(
            HISTORY_OF,
            columns=names(self.columns),
            history=f"{self.fact.name}_history",
            key=self.fact.key,
        )
        return reader.run(statement, order=self.key)

    def as_of(self, reader: Reader, moment: datetime) -> Mapping[str, Any] | None:
        """It as it was at a moment, or None where it was not there."""
        statement = render(
            AS_OF,
            columns=names(self.columns),
            function=f"{self.fact.name}_as_of",
            key=self.fact.key,
        )
        rows = reader.run(statement, order=self.key, moment=moment)
        return rows[0] if rows else None

    def labels(self, reader: Reader, rows: Rows) -> dict[str, dict[Any, str]]:
        """What the keys in rows of its history stand for, by column, as dimensions say today."""
        found = {}
        for column in self.fact.columns:
            statement = LABELS.get(column.references)
            if statement:
                keys = sorted({row[column.name] for row in rows})
                answer = reader.run(statement, keys=keys)
                found[column.name] = {row["key"]: row["label"] for row in answer}
        return found

    def told(
        self, column: str, row: Mapping[str, Any], labels: Mapping[str, Mapping[Any, str]]
    ) -> str:
        """What a column of a row of it holds, in words; an amount with the row's currency."""
        told = formatting.value(row[column], labels.get(column))
        if self.fact.column(column).type.kind != "numeric":
            return told
        currencies = (labels.get(c.name, {}).get(row[c.name]) for c in self.fact.columns
                      if c.references == CURRENCY)  # fmt: skip
        return f"{told} {next(currencies, None) or ''}".strip()


def _labels() -> dict[str, Sql]:
    """The question for the names of a dimension's members, by dimension."""
    folder = project_folder("dashboard/sql/labels")
    return {
        path.name.removesuffix(".sql"): Sql(path.read_text(encoding="utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    }


LABELS = _labels()


def fact(name: str) -> Fact:
    """The contract of a fact."""
    found = contracts.warehouse().tables[name]
    if not isinstance(found, Fact):
        raise KeyError(name)
    return found
