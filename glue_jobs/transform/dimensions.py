"""The rows of a dimension, from the states of the rows of the source."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

import contracts
from contracts import UNKNOWN, Column, Dimension, Source
from contracts.observation import CHANGE, ORDER
from glue_jobs.transform.conversions import converted

STATE = tuple(column.name for column in CHANGE)
"""The columns of a changed row that place it among the states of its row."""

MIRROR_SEQ = 0
"""The number of the batch of a mirror's rows: they held before every change."""

FOREVER = 2**63 - 1

# SQL text, because a column that is built call by call costs a round trip to the JVM for each part.
# It has no number of a batch where that can be avoided: Spark compiles every text that differs.
BY_KEY = f"over (partition by {{key}} order by {', '.join(ORDER)})"
NEXT = f"lead(batch_seq, 1, {FOREVER}L) {BY_KEY}"
IS_FIRST = f"lag(batch_seq) {BY_KEY} is null"


def dimension_rows(states: DataFrame, dimension: Dimension, source: Source) -> DataFrame:
    """Return a row of a dimension without lookups for each row of its source table, with the
    columns of `STATE`."""
    return states.alias(dimension.of).selectExpr(*_values(dimension, source), *STATE)


def changed_states(states: DataFrame, key: str, after: int = MIRROR_SEQ) -> DataFrame:
    """Return the states beyond batch ``after`` that are new or differ from the state of their row
    before; NULL equals NULL. ``states`` has the columns of `STATE`."""
    values = ", ".join(name for name in states.columns if name not in STATE)
    state = f"case when op <> 'D' then struct({values}) end"
    is_changed = f"not ({state} <=> lag({state}) {BY_KEY.format(key=key)}) as _is_changed"
    rows = states.selectExpr("*", is_changed)
    return rows.where(f"_is_changed and op <> 'D' and batch_seq > {after}")


def joined_states(
    states: Mapping[str, DataFrame], dimension: Dimension, source: Source
) -> DataFrame:
    """Return the states of a dimension with lookups, with the columns of `STATE`: one for each
    batch in which a row, or a row that it looks up, had another state than before. A row whose
    lookup finds no row is kept. ``states`` has every state of the rows of its source tables."""
    of, key = dimension.of, source.tables[dimension.of].key
    since, until = f"{of}._since", f"{of}._until"
    rows = _own_intervals(states[of], key).alias(of)
    for table, column in dimension.lookups.items():
        looked_up = source.tables[table].key
        names = [c.origin_column for c in dimension.columns if c.lookup == table]
        found = _intervals(states[table], looked_up, names).alias(table)
        overlaps = f"{table}._since.batch_seq < {until} and {since}.batch_seq < {table}._until"
        rows = rows.join(
            found.hint("shuffle_hash"),
            F.expr(f"{of}.{column} = {table}.{looked_up} and {overlaps}"),
            "left",
        )
        since, until = f"greatest({since}, {table}._since)", f"least({until}, {table}._until)"
    return rows.selectExpr(
        *_values(dimension, source),
        f"{of}.op",
        f"{since}.batch_seq batch_seq",
        f"{since}.observed_at observed_at",
        "0 change_seq",
        "cast(null as timestamp_ntz) changed_at",
    )


def _own_intervals(states: DataFrame, key: str) -> DataFrame:
    """Return the last state of each row in each batch, with the batch and time ``_since`` it held,
    and the batch ``_until`` which it held."""
    since = "struct(batch_seq, observed_at) as _since"
    ended = states.selectExpr("*", since, f"{NEXT.format(key=key)} as _until")
    return ended.where("_until > batch_seq")


def _intervals(states: DataFrame, key: str, names: Sequence[str]) -> DataFrame:
    """Return the same of rows that are looked up, with these columns. They are NULL while the row
    does not exist: before its first state, and after a deletion."""
    next_, is_first = NEXT.format(key=key), IS_FIRST.format(key=key)
    rows = states.selectExpr("*", f"{next_} as _next", f"{is_first} as _is_first").selectExpr(
        "*", "explode(if(_is_first, array(true, false), array(false))) as _is_absent"
    )
    values = (f"if(_is_absent or op = 'D', null, {name}) as {name}" for name in names)
    intervals = rows.selectExpr(
        key,
        *values,
        "if(_is_absent, struct(-1L as batch_seq, cast(null as timestamp_ntz) as observed_at),"
        " struct(batch_seq, observed_at)) as _since",
        "if(_is_absent, batch_seq, _next) as _until",
    )
    return intervals.where("_until > _since.batch_seq")


def observed(rows: DataFrame, seq: int, observed_at: datetime) -> DataFrame:
    """Return rows whose transactions are not known, with the batch that they were observed in."""
    return rows.selectExpr(
        "*",
        f"timestamp_ntz'{observed_at}' observed_at",
        f"{seq}L batch_seq",
        "0 change_seq",
        "cast(null as timestamp_ntz) changed_at",
    )


def _values(dimension: Dimension, source: Source) -> list[str]:
    return [_value(column, dimension, source) for column in dimension.columns]


def _value(column: Column, dimension: Dimension, source: Source) -> str:
    table = column.lookup or dimension.of
    origin = source.tables[table].column(column.origin_column)
    value = converted(f"{table}.{origin.name}", origin.type, column.type)
    if column.translate:
        value = _named(column.translate, value)
    if column.type.kind == "text" and not column.nullable:
        value = f"coalesce({value}, '{UNKNOWN}')"
    return f"{value} as {column.name}"


def _named(reference: str, code: str) -> str:
    """Return the name of a code, or the code itself if it has none."""
    names = json.dumps(contracts.reference(reference))
    text = names.replace("\\", "\\\\").replace("'", "\\'")  # as Spark's parser reads literals
    by_code = f"from_json('{text}', 'map<string,string>')"
    return f"coalesce(try_element_at({by_code}, {code}), {code})"
