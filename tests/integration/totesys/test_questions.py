"""Every business question, asked by a reader of a small warehouse whose answers were worked out by
hand.

``questions/<company>/<table>.csv`` has a table's rows; a column that it lacks has a usual value,
and an empty cell is NULL. ``questions/<company>/answers/<question>.csv`` has the answer.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from embedded.server import Server
from postgres import Sql, connected, from_dsn, names, render, value
from tests.integration.warehouse.facts import VALUES
from warehouse import migrate
from warehouse.questions import Question, questions
from warehouse.roles import READER

COMPANIES = sorted(path for path in (Path(__file__).parent / "questions").iterdir())
ANSWERS = sorted(path for company in COMPANIES for path in (company / "answers").glob("*.csv"))
QUESTIONS = questions()
LEDGER = {"lake": "lake", "generation": "1", "batch_run": "run", "run": "run"}
BASE_FACTS = {fact.name for fact in contracts.warehouse().facts}
DAYS = """
insert into warehouse.dim_date
select day, extract(year from day), extract(month from day), extract(day from day),
    extract(isodow from day), to_char(day, 'FMDay'), to_char(day, 'FMMonth'),
    extract(quarter from day)
from generate_series(date '2023-01-01', date '2025-12-31', interval '1 day') as day
"""


@pytest.fixture(scope="module")
def standing(server: Server) -> Iterator[Connection]:
    """A warehouse with days alone, which checks no foreign keys in this session."""
    server.create_database("questions")
    with connected(from_dsn(server.dsn("questions")), "tests") as connection:
        migrate(connection)
        connection.run(DAYS)
        connection.run("set session_replication_role = replica")
        connection.run("set search_path to warehouse")
        yield connection
    server.drop_database("questions")


@pytest.fixture
def passing(standing: Connection) -> Iterator[Connection]:
    """The same, for rows that do not outlive the test."""
    standing.run("begin")
    yield standing
    standing.run("rollback")


def rows_of(path: Path) -> list[dict[str, str | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]


def fill(connection: Connection, company: Path) -> None:
    ledger = rows_of(company / "ledger.csv")
    observed = {row["batch_seq"]: row["observed_at"] for row in ledger}
    for row in ledger:
        insert(connection, "etl", "ledger", {**LEDGER, **row})
    tables = contracts.warehouse().tables
    for path in sorted(company.glob("*_*.csv")):
        usual = {column.name: VALUES[column.type.kind] for column in tables[path.stem].columns}
        for row in rows_of(path):
            seen = {"observed_at": observed[row["batch_seq"]]} if "batch_seq" in row else {}
            insert(connection, "warehouse", path.stem, {**usual, **seen, **row})


def insert(connection: Connection, schema: str, table: str, row: dict[str, Any]) -> None:
    cells = (value(None if cell is None else str(cell)) for cell in row.values())
    connection.run(
        render(
            "insert into {schema}.{table} ({columns}) values ({cells})",
            schema=schema,
            table=table,
            columns=names(row),
            cells=Sql(", ".join(cells)),
        )
    )


def asked(connection: Connection, question: Question) -> list[list[str]]:
    """The answer that a reader gets, the names of its columns first, as a CSV file spells it."""
    connection.run(render("set local role {reader}", reader=READER))
    rows = connection.run(question.sql)
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    return [[column["name"] for column in connection.columns], *cells]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_answer_is_the_one_worked_out_by_hand(passing: Connection, path: Path):
    fill(passing, path.parents[1])
    with path.open(newline="", encoding="utf-8") as file:
        assert asked(passing, QUESTIONS[path.stem]) == [*csv.reader(file)]


def test_every_question_has_an_answer_worked_out():
    assert QUESTIONS.keys() == {path.stem for path in ANSWERS}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_an_empty_warehouse_has_no_answer_and_is_no_error(passing: Connection, question: Question):
    [_] = asked(passing, question)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_what_a_question_reads_is_promised(passing: Connection, question: Question):
    passing.run(render("create temporary view asked as {sql}", sql=Sql(question.sql)))
    read = passing.run("""
        select distinct refobjid::regclass::text
        from pg_rewrite join pg_depend on pg_depend.objid = pg_rewrite.oid
        where ev_class = 'asked'::regclass and refclassid = 'pg_class'::regclass
            and refobjid <> ev_class
    """)
    assert {name for (name,) in read} & BASE_FACTS == set()


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_money_stands_beside_its_currency(passing: Connection, question: Question):
    columns, *_ = asked(passing, question)
    money = {"revenue", "amount", "spend", "sales", "unpaid_amount", "late_amount"}
    assert not money & {*columns} or "currency_code" in columns


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_currencies_of_one_name_are_not_added_up(passing: Connection, path: Path):
    """As members are that a fact refers to and the source does not have: all are 'Unknown'."""
    fill(passing, path.parents[1])
    passing.run("update warehouse.dim_currency set currency_code = 'Unknown'")
    with path.open(newline="", encoding="utf-8") as file:
        assert len(asked(passing, QUESTIONS[path.stem])) == len([*csv.reader(file)])
