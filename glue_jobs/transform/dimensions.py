"""The mirror of the source becomes the rows of a dimension."""

import json
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

import contracts
from contracts import UNKNOWN, Dimension, Source
from glue_jobs.transform.conversions import converted


def state(mirror: Mapping[str, DataFrame], dimension: Dimension, source: Source) -> DataFrame:
    """The dimension as of a mirror, one row a key. A row that looks up nothing stays."""
    rows = mirror[dimension.of].alias(dimension.of)
    for table, holder in dimension.lookups.items():
        found = F.expr(f"{dimension.of}.{holder} = {table}.{source.tables[table].key}")
        rows = rows.join(mirror[table].alias(table), found, "left")
    return rows.select(*(_value(column, dimension, source) for column in dimension.columns))


def without_known(now: DataFrame, before: DataFrame, key: str) -> DataFrame:
    """The rows that ``before`` does not have with the very same values; NULL equals NULL."""
    same = " and ".join(f"now.{name} <=> before.{name}" for name in now.columns)
    rows = now.alias("now").join(
        before.alias("before"), F.expr(f"now.{key} = before.{key}"), "left"
    )
    return rows.where(f"before.{key} is null or not ({same})").select("now.*")


def _value(column: contracts.Column, dimension: Dimension, source: Source) -> Column:
    table = column.lookup or dimension.of
    origin = source.tables[table].column(column.origin_column)
    value = F.expr(converted(f"{table}.{origin.name}", origin.type, column.type))
    if column.translate:
        value = _translated(value, contracts.reference(column.translate))
    if column.type.kind == "text" and not column.nullable:
        value = F.coalesce(value, F.lit(UNKNOWN))
    return value.alias(column.name)


def _translated(code: Column, names: Mapping[str, str]) -> Column:
    """The name that goes with a code; a code without one is its own name."""
    by_code = F.from_json(F.lit(json.dumps(names)), "map<string,string>")
    return F.coalesce(F.try_element_at(by_code, code), code)
