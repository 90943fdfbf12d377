"""The views and functions of a fact: history, current state, as_of and as_known."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pg8000.native import Connection

import contracts
from postgres import Sql, names, render, transaction
from warehouse.templates import FUNCTIONS, KINDS

CASES = sorted((Path(__file__).parent / "history").glob("*.toml"))
FACTS = contracts.warehouse().facts
COLUMNS = """
select attname from pg_attribute
where attrelid = cast(:view as regclass) and attnum > 0 order by attnum
"""
INSERT = """
insert into warehouse.fact_sales_order (
    sales_order_id, batch_seq, observed_at, created_date, created_time, is_deleted,
    change_seq, changed_at, last_updated_date, last_updated_time, sales_staff_id, counterparty_id,
    units_sold, unit_price, currency_id, design_id, agreed_payment_date, agreed_delivery_date,
    agreed_delivery_location_id
) values (
    :order, :batch, :observed_at, cast(:created_at as timestamp)::date,
    cast(:created_at as timestamp)::time, :is_deleted, :change, :changed_at,
    '2024-01-01', '10:00', 1, 1, 1, 1, 1, 1, '2024-01-01', '2024-01-01', 1
)
"""
HISTORY = """
select sales_order_id, batch_seq, change_seq, version, valid_from, valid_to, is_current
from warehouse.fact_sales_order_history order by sales_order_id, version
"""
CURRENT = """
select sales_order_id, batch_seq, change_seq from warehouse.fact_sales_order_current order by 1
"""


AT = """
select sales_order_id, batch_seq, change_seq
from warehouse.{function}(cast(:moment as timestamp)) order by 1
"""
TYPES = """
select attname, format_type(atttypid, null) from pg_attribute
where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped order by attnum
"""
RETURNED = """
select name, format_type(type, null) from pg_proc cross join lateral
    unnest(proargnames, proallargtypes, proargmodes)
    with ordinality as one (name, type, mode, place)
where oid = cast(:function as regprocedure) and mode = 't' order by place
"""
SAMPLES = {
    "int": "number % 7 + 1",
    "bigint": "1",
    "numeric": "number * 0.01",
    "text": "'text ' || number",
    "boolean": "false",
    "date": "date '2024-01-01'",
    "time": "time '10:00'",
    "timestamp": "timestamp '2024-01-01 10:00'",
}
UNKNOWN = {"change_seq": "0", "changed_at": "null"}
MANY = 100_000


@dataclass(frozen=True)
class Version:
    order: int
    batch: int
    observed_at: datetime
    created_at: datetime
    is_deleted: bool
    change: int = 0
    changed_at: datetime | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.batch, self.change


@pytest.fixture
def orders(migrated: Connection) -> Connection:
    """A warehouse whose facts have no foreign keys, because the views do not need dimensions."""
    migrated.run("""
        do $$ declare
            fact regclass;
            key name;
        begin
            for fact, key in select conrelid, conname from pg_constraint where contype = 'f'
            loop
                execute format('alter table %s drop constraint %I', fact, key);
            end loop;
        end $$
    """)
    return migrated


def fill(connection: Connection, fact: contracts.Fact, rows: int) -> None:
    """Insert a version of every row in the first batch, and of a quarter of them in the second."""
    samples = {c.name: UNKNOWN.get(c.name, SAMPLES[c.type.kind]) for c in fact.columns}
    for batch, count in ((1, rows), (2, rows // 4)):
        values = {**samples, fact.key: "number", "batch_seq": str(batch)}
        statement = render(
            "insert into warehouse.{fact} ({columns})"
            " select {values} from generate_series(1, {count}) as number",
            fact=fact.name,
            columns=names(values),
            values=Sql(", ".join(values.values())),
            count=count,
        )
        connection.run(statement)


def insert(connection: Connection, versions: Iterable[Version]) -> None:
    for version in versions:
        connection.run(INSERT, **vars(version))


def read_table(text: str) -> list[list[Any]]:
    """The rows of a table whose cells are TOML, but for '-', which is NULL."""
    _, *rows = [line.split() for line in text.strip().splitlines()]
    return [[None if cell == "-" else _cell(cell) for cell in row] for row in rows]


def _cell(text: str) -> Any:
    return tomllib.loads(f"cell = {text}:00" if "T" in text else f"cell = {text}")["cell"]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_history_and_current_state_are_those_of_the_case(orders: Connection, case: Path) -> None:
    expected = tomllib.loads(case.read_text())
    insert(orders, (Version(*row) for row in read_table(expected["given"])))
    assert orders.run(HISTORY) == [place(row) for row in read_table(expected["history"])]
    assert orders.run(CURRENT) == [place(row) for row in expected["current"]]
    for kind in FUNCTIONS:
        at = render(AT, function=f"fact_sales_order_{kind}")
        actual = {moment: orders.run(at, moment=moment) for moment in expected[kind]}
        assert actual == {
            moment: [place(row) for row in rows] for moment, rows in expected[kind].items()
        }


def place(row: list[Any]) -> list[Any]:
    """Return a row of a case with its batch as batch and change: it is written 2, or 2.1 if the
    change is known."""
    order, batch, *others = row
    return [order, *map(int, f"{batch}.0".split(".")[:2]), *others]


moments = st.integers(0, 6).map(lambda hours: datetime(2024, 1, 1) + timedelta(hours=hours))
histories = st.lists(
    st.builds(
        Version, st.integers(1, 2), st.integers(1, 5), moments, moments, st.booleans(),
        st.integers(0, 3), st.none() | moments,
    ),
    unique_by=lambda version: (version.order, version.place),
    max_size=16,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(versions=histories)
def test_validity_has_neither_overlaps_nor_gaps_and_one_version_is_current(
    orders: Connection, versions: list[Version]
) -> None:
    with transaction(orders):
        orders.run("truncate warehouse.fact_sales_order")
        insert(orders, versions)
    history, current = orders.run(HISTORY), orders.run(CURRENT)
    assert len(history) == len(versions)
    for order in {version.order for version in versions}:
        given_ = sorted((v for v in versions if v.order == order), key=lambda v: v.place)
        versions_of_row = [row[1:] for row in history if row[0] == order]
        assert [(batch, change, number) for batch, change, number, *_ in versions_of_row] == [
            (*version.place, number) for number, version in enumerate(given_, 1)
        ]
        assert all(before[4] == after[3] for before, after in pairwise(versions_of_row))
        assert all(start <= end for _, _, _, start, end, _ in versions_of_row[:-1])
        assert [row[3] for row in versions_of_row] == begins(given_)
        assert [is_current for *_, is_current in versions_of_row] == [False] * (
            len(versions_of_row) - 1
        ) + [True]
        assert versions_of_row[-1][4] is None
        last = given_[-1]
        assert ([order, *last.place] in current) == (not last.is_deleted)
    assert len(current) == len({tuple(row) for row in current})


def begins(versions: list[Version]) -> list[datetime]:
    """Return when each version of a row begins: with its commit; else the first one with the row,
    and every later one with the latest observation so far; never before the one before it."""
    result = list[datetime]()
    for number, version in enumerate(versions):
        observed = max(v.observed_at for v in versions[: number + 1])
        is_creation = number == 0 and not version.is_deleted
        unknown = min(version.created_at, observed) if is_creation else observed
        result.append(max([version.changed_at or unknown, *result]))
    return result


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_views_have_all_columns_of_their_fact(migrated: Connection, fact: contracts.Fact) -> None:
    own = [fact.record, *fact.column_names]
    expected = {
        "current": own,
        "history": [*own, "version", "valid_from", "valid_to", "is_current"],
    }
    for kind, columns in expected.items():
        names_of_view = migrated.run(COLUMNS, view=f"warehouse.{fact.name}_{kind}")
        assert [name for (name,) in names_of_view] == columns


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_functions_return_the_columns_of_their_fact(
    migrated: Connection, fact: contracts.Fact, kind: str
) -> None:
    returned = migrated.run(RETURNED, function=f"warehouse.{fact.name}_{kind}(timestamp)")
    assert returned == migrated.run(TYPES, table=f"warehouse.{fact.name}")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_query_on_one_row_uses_an_index_through_every_view_and_function(
    orders: Connection, fact: contracts.Fact
) -> None:
    fill(orders, fact, MANY)
    orders.run("analyze")
    for kind in KINDS:
        query = render(
            "explain select * from warehouse.{view}{moment} where {key} = 4711",
            view=f"{fact.name}_{kind}",
            key=fact.key,
            moment=Sql("('2024-01-02')" if kind in FUNCTIONS else ""),
        )
        plan = "\n".join(line for (line,) in orders.run(query))
        versions, latest = (
            f"{fact.name}_{fact.key}_batch_seq_change_seq_key",
            f"latest_{fact.of}_pkey",
        )
        assert (latest if kind in ("current", "wide") else versions) in plan, kind
        assert "Seq Scan on fact" not in plan, kind
        assert "Seq Scan on latest" not in plan, kind
        assert "Function Scan" not in plan, kind


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_changes_of_the_latest_batch_are_found_by_an_index(
    orders: Connection, fact: contracts.Fact
) -> None:
    fill(orders, fact, 1_000)
    latest = names(["batch_seq"])
    orders.run(
        render(
            "update warehouse.{fact} set {latest} = 3 where {key} = 7 and {latest} = 2",
            fact=fact.name,
            key=fact.key,
            latest=latest,
        )
    )
    orders.run("analyze")
    query = render(
        "explain select * from warehouse.{view} where batch_seq > 2", view=f"{fact.name}_changes"
    )
    plan = "\n".join(line for (line,) in orders.run(query))
    assert f"{fact.name}_batch_seq" in plan
    assert "Seq Scan" not in plan
