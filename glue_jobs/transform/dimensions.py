"""The rows of a dimension, from the mirror of the source."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

import contracts
from contracts import UNKNOWN, Dimension, Source
from contracts.observation import OBSERVATION, OP
from glue_jobs.transform.conversions import converted

STATE = (OP.name, *(column.name for column in OBSERVATION))
"""The columns of a changed row that place it among the states of its row."""


def dimension_rows(
    mirror: Mapping[str, DataFrame],
    dimension: Dimension,
    source: Source,
    kept: Iterable[str] = (),
) -> DataFrame:
    """Return the dimension as of a mirror, one row per key. A row whose lookup finds no row is
    kept. Given changed rows instead of a mirror, it returns one row for each, with the columns
    ``kept`` of the change."""
    rows = mirror[dimension.of].alias(dimension.of)
    for table, column in dimension.lookups.items():
        condition = F.expr(f"{dimension.of}.{column} = {table}.{source.tables[table].key}")
        rows = rows.join(mirror[table].alias(table), condition, "left")
    return rows.select(*(_value(column, dimension, source) for column in dimension.columns), *kept)


def changed_rows(after: DataFrame, before: DataFrame, key: str) -> DataFrame:
    """Return the rows of ``after`` that are new or differ from ``before``; NULL equals NULL."""
    is_same = " and ".join(f"after.{name} <=> before.{name}" for name in after.columns)
    rows = after.alias("after").join(
        before.alias("before"), F.expr(f"after.{key} = before.{key}"), "left"
    )
    return rows.where(f"before.{key} is null or not ({is_same})").select("after.*")


def changed_states(
    changes: DataFrame, before: DataFrame, key: str, *, in_one_task: bool
) -> DataFrame:
    """Return the states that are new or differ from the state of their row before; NULL equals
    NULL. ``changes`` are the changed rows of a batch, with the columns of `STATE`, and ``before``
    the rows as of the batch before."""
    first = before.selectExpr("*", "'U' op", "-1 change_seq")
    state = F.when(F.col("op") != "D", F.struct(*before.columns))
    by_key = Window.partitionBy(key).orderBy("change_seq")
    every = changes.unionByName(first, allowMissingColumns=True)
    every = every.coalesce(1) if in_one_task else every
    previous = every.withColumn("_previous", F.lag(state).over(by_key))
    is_changed = (F.col("change_seq") >= 0) & ~state.eqNullSafe(F.col("_previous"))
    return previous.where(is_changed & (F.col("op") != "D")).drop("op", "_previous")


def observed(rows: DataFrame, seq: int, observed_at: datetime) -> DataFrame:
    """Return rows whose transactions are not known, with the batch that they were observed in."""
    return rows.selectExpr(
        "*",
        f"timestamp_ntz'{observed_at}' observed_at",
        f"{seq}L batch_seq",
        "0 change_seq",
        "cast(null as timestamp_ntz) changed_at",
    )


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
