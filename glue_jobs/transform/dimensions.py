"""The rows of a dimension, from the mirror of the source."""

import json
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

import contracts
from contracts import UNKNOWN, Dimension, Source
from glue_jobs.transform.conversions import converted


def dimension_rows(
    mirror: Mapping[str, DataFrame], dimension: Dimension, source: Source
) -> DataFrame:
    """Return the dimension as of a mirror, one row per key. A row whose lookup finds no row is
    kept."""
    rows = mirror[dimension.of].alias(dimension.of)
    for table, column in dimension.lookups.items():
        condition = F.expr(f"{dimension.of}.{column} = {table}.{source.tables[table].key}")
        rows = rows.join(mirror[table].alias(table), condition, "left")
    return rows.select(*(_value(column, dimension, source) for column in dimension.columns))


def changed_rows(after: DataFrame, before: DataFrame, key: str) -> DataFrame:
    """Return the rows of ``after`` that are new or differ from ``before``; NULL equals NULL."""
    is_same = " and ".join(f"after.{name} <=> before.{name}" for name in after.columns)
    rows = after.alias("after").join(
        before.alias("before"), F.expr(f"after.{key} = before.{key}"), "left"
    )
    return rows.where(f"before.{key} is null or not ({is_same})").select("after.*")


def _value(column: contracts.Column, dimension: Dimension, source: Source) -> Column:
    table = column.lookup or dimension.of
    origin = source.tables[table].column(column.origin_column)
    value = F.expr(converted(f"{table}.{origin.name}", origin.type, column.type))
    if column.translate:
        value = _translate(value, contracts.reference(column.translate))
    if column.type.kind == "text" and not column.nullable:
        value = F.coalesce(value, F.lit(UNKNOWN))
    return value.alias(column.name)


def _translate(code: Column, names: Mapping[str, str]) -> Column:
    """Return the name of a code, or the code itself if it has none."""
    by_code = F.from_json(F.lit(json.dumps(names)), "map<string,string>")
    return F.coalesce(F.try_element_at(by_code, code), code)
