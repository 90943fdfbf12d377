"""Versions of a fact from the changed rows of a source table, and quarantined rows with reasons.

A deletion is never quarantined: if its last values are invalid, it becomes a tombstone without
values.

Expressions are Spark SQL text over names from the contracts: a column that is built call by call
costs a round trip to the JVM for each part, which is more than a small batch itself.
"""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

import contracts
from contracts import Calendar, Fact, SourceTable, WarehouseTable
from contracts.observation import IS_DELETED, ORDER, UNFIT, VERSION, tombstone_columns
from contracts.observation import REASONS as REASONS_COLUMN
from glue_jobs.transform.conversions import converted

REASONS = REASONS_COLUMN.name
SHOWN_CHARACTERS = 100  # of an invalid value

Problems = Mapping[str, str]
"""Condition -> expression of its reason; the first condition that is true applies."""


def validated(
    changes: DataFrame, fact: Fact, of: SourceTable, tables: Mapping[str, WarehouseTable]
) -> DataFrame:
    """Return the changes with the values of the fact, and with ``reasons``: why a row is invalid,
    or ''."""
    # two projections: a value that the second one takes from the first is computed once per row
    values = (f"{_convert(column, of)} as {_value(column)}" for column in _source_columns(fact))
    problems: dict[str, dict[str, str]] = {}
    for column in _source_columns(fact):
        problems.setdefault(column.origin, {}).update(_problems(column, of, tables))
    reasons = ", ".join(_first_reason(each) for each in problems.values())
    return changes.selectExpr("*", *values).selectExpr("*", f"concat_ws('; ', {reasons}) {REASONS}")


def is_valid() -> Column:
    """Return the condition under which a validated row becomes a version."""
    return F.col(REASONS) == ""


def is_tombstone() -> Column:
    """Return the condition under which a validated row becomes a tombstone: an invalid row that
    was deleted."""
    return ~is_valid() & (F.col("op") == "D")


def versions(validated: DataFrame, fact: Fact) -> DataFrame:
    """Return a version for each valid row, with the columns of the contract in their order."""
    values = (f"{_value(column)} as {column.name}" for column in _source_columns(fact))
    version = ("op = 'D' as is_deleted" if c == IS_DELETED else c.name for c in VERSION)
    return validated.where(is_valid()).selectExpr(*values, *version)


def tombstones(validated: DataFrame, fact: Fact) -> DataFrame:
    """Return the key of each tombstone, with the batch and time at which it was observed."""
    key = f"{_value(fact.column(fact.key))} as {fact.key}"
    _, *observation = (column.name for column in tombstone_columns(fact))
    return validated.where(is_tombstone()).selectExpr(key, *observation)


def quarantined(validated: DataFrame, fact: Fact) -> DataFrame:
    """Return the invalid rows that were not deleted, as they landed, with their reasons."""
    rows = validated.where(~is_valid() & ~is_tombstone())
    return rows.drop(*(_value(column) for column in _source_columns(fact)))


def not_superseded(rows: DataFrame, key: str, later: DataFrame, later_key: str) -> DataFrame:
    """Return the rows, except those of whose key ``later`` has a row that is later or the same in
    the order of versions."""
    order = F.struct(*ORDER)
    last = later.groupBy(F.col(later_key).alias("_key")).agg(F.max(order).alias("_last"))
    is_superseded = (F.col(key) == F.col("_key")) & (order <= F.col("_last"))
    return rows.join(last, is_superseded, "left_anti")


def _source_columns(fact: Fact) -> list[contracts.Column]:
    """Return the columns that are made from the source row, without those of its observation."""
    return [column for column in fact.columns if column.origin]


def _value(column: contracts.Column) -> str:
    """Return the name of a column's value, which no column of the source has."""
    return f"_value_{column.name}"


def _convert(column: contracts.Column, of: SourceTable) -> str:
    return converted(column.origin, of.column(column.origin).type, column.type)


def _problems(
    column: contracts.Column, of: SourceTable, tables: Mapping[str, WarehouseTable]
) -> dict[str, str]:
    """Return the conditions under which the source row has no valid value for the column."""
    name, value = column.origin, _value(column)
    original = f"get_json_object({UNFIT}, '$.{name}')"
    unfit = _reason(name, original, f"does not fit {of.column(name).type}")
    problems = {f"{original} is not null": unfit}
    if not column.nullable:
        problems[f"{name} is null"] = f"'{name} is NULL'"
    if of.column(name).type.kind == "text" and column.type.kind != "text":
        unreadable = _reason(name, name, f"is not a {column.type} (YYYY-MM-DD)")
        problems[f"{name} is not null and {value} is null"] = unreadable
    calendar = tables.get(column.references)
    if isinstance(calendar, Calendar):
        first, last = calendar.first, calendar.last
        outside = _reason(name, name, f"is outside {calendar.name}, {first} to {last}")
        problems[f"{value} not between date'{first}' and date'{last}'"] = outside
    return problems


def _first_reason(problems: Problems) -> str:
    """Return the expression of the first reason that applies; NULL if none does."""
    cases = (f"when {condition} then {reason}" for condition, reason in problems.items())
    return f"case {' '.join(cases)} end"


def _reason(name: str, value: str, problem: str) -> str:
    shown = f"substring(cast({value} as string), 1, {SHOWN_CHARACTERS})"
    return f"""concat('{name} "', {shown}, '" {problem}')"""
