"""Changed rows of a source table become versions of a fact, or are kept apart with the reason. A
deletion is never kept apart: where its last values do not conform it is a tombstone without them.

Expressions are Spark SQL text over names that come from the contracts alone: a column built call
by call costs a round trip to the JVM for every part of it, more than a small batch itself.
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

import contracts
from contracts import Calendar, Fact, SourceTable, WarehouseTable
from contracts.observation import TOMBSTONE, UNFIT
from glue_jobs.transform.conversions import converted

REASONS = "reasons"
OBSERVATION = tuple(column.name for column in TOMBSTONE)
SHOWN = 100  # characters of an offending value


def validated(
    changes: DataFrame, fact: Fact, of: SourceTable, tables: Mapping[str, WarehouseTable]
) -> DataFrame:
    """The changes with the fact's values, and their ``reasons`` for not conforming to it: '' for
    those that do."""
    # two projections: what the second one takes from the first is computed once a row
    values = (f"{_converted(column, of)} as {_made(column)}" for column in _own(fact))
    problems: dict[str, dict[str, str]] = {}
    for column in _own(fact):
        problems.setdefault(column.origin, {}).update(_problems(column, of, tables))
    found = ", ".join(_case(cases) for cases in problems.values())
    return changes.selectExpr("*", *values).selectExpr("*", f"concat_ws('; ', {found}) {REASONS}")


def conforms() -> Column:
    """Whether a judged row can be a version."""
    return F.col(REASONS) == ""


def is_tombstone() -> Column:
    """Whether a judged row is a deletion that cannot be a version: what is gone is gone, whatever
    its last values."""
    return ~conforms() & (F.col("op") == "D")


def versions(validated: DataFrame, fact: Fact) -> DataFrame:
    """A version for every conforming change: the fact's columns, in its contract's order."""
    own = (f"{_made(column)} as {column.name}" for column in _own(fact))
    return validated.where(conforms()).selectExpr(*own, *OBSERVATION, "op = 'D' as is_deleted")


def tombstones(validated: DataFrame, fact: Fact) -> DataFrame:
    """Which rows were deleted without conforming values, and when that was seen."""
    key = f"{_made(fact.column(fact.key))} as {fact.key}"
    return validated.where(is_tombstone()).selectExpr(key, *OBSERVATION)


def quarantined(validated: DataFrame, fact: Fact) -> DataFrame:
    """The rows that do not conform, but for deletions, as they landed, with their reasons."""
    apart = validated.where(~conforms() & ~is_tombstone())
    return apart.drop(*(_made(column) for column in _own(fact)))


def _own(fact: Fact) -> list[contracts.Column]:
    """The columns that come from the source row; the last three come from its observation."""
    return [column for column in fact.columns if column.origin]


def _made(column: contracts.Column) -> str:
    """The name of a column's value beside the source's columns, which may be called the same."""
    return f"_made_{column.name}"


def _converted(column: contracts.Column, of: SourceTable) -> str:
    return converted(column.origin, of.column(column.origin).type, column.type)


def _problems(
    column: contracts.Column, of: SourceTable, tables: Mapping[str, WarehouseTable]
) -> dict[str, str]:
    """When the source row has no value for the column, and how that is told; the first holds."""
    name, value = column.origin, _made(column)
    original = f"get_json_object({UNFIT}, '$.{name}')"
    unfit = _told(name, original, f"does not fit {of.column(name).type}")
    problems = {f"{original} is not null": unfit}
    if not column.nullable:
        problems[f"{name} is null"] = f"'{name} is NULL'"
    if of.column(name).type.kind == "text" and column.type.kind != "text":
        unread = _told(name, name, f"is no {column.type} (YYYY-MM-DD)")
        problems[f"{name} is not null and {value} is null"] = unread
    calendar = tables.get(column.references)
    if isinstance(calendar, Calendar):
        first, last = calendar.first, calendar.last
        outside = _told(name, name, f"lies outside {calendar.name}, {first} to {last}")
        problems[f"{value} not between date'{first}' and date'{last}'"] = outside
    return problems


def _case(cases: Mapping[str, str]) -> str:
    """What is told of the first case that holds; NULL where none does."""
    return f"case {' '.join(f'when {case} then {told}' for case, told in cases.items())} end"


def _told(name: str, value: str, what: str) -> str:
    return f"""concat('{name} "', substring(cast({value} as string), 1, {SHOWN}), '" {what}')"""
