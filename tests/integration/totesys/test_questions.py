"""Every business question, run by a reader on a small warehouse with answers computed by hand.

``questions/<company>/<table>.csv`` has the rows of a table; a missing column has a default value,
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
from tests.integration.warehouse.facts import default
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
def with_days(server: Server) -> Iterator[Connection]:
    """A warehouse with only the calendar, in a session without foreign key checks."""
    server.create_database("questions")
    with connected(from_dsn(server.dsn("questions")), "tests") as connection:
        migrate(connection)
        connection.run(DAYS)
        connection.run("set session_replication_role = replica")
        connection.run("set search_path to warehouse")
        yield connection
    server.drop_database("questions")


@pytest.fixture
def rolled_back(with_days: Connection) -> Iterator[Connection]:
    """The same warehouse in a transaction that is rolled back after the test."""
    with_days.run("begin")
    yield with_days
    with_days.run("rollback")


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
        defaults = {column.name: default(column) for column in tables[path.stem].columns}
        for row in rows_of(path):
            batch = {"observed_at": observed[row["batch_seq"]]} if "batch_seq" in row else {}
            insert(connection, "warehouse", path.stem, {**defaults, **batch, **row})


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


def answer_of(connection: Connection, question: Question) -> list[list[str]]:
    """Return the answer for a reader as cells of a CSV file, the names of the columns first."""
    connection.run(render("set local role {reader}", reader=READER))
    rows = connection.run(question.sql)
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    return [[column["name"] for column in connection.columns], *cells]


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_answer_is_the_one_worked_out_by_hand(rolled_back: Connection, path: Path):
    fill(rolled_back, path.parents[1])
    with path.open(newline="", encoding="utf-8") as file:
        assert answer_of(rolled_back, QUESTIONS[path.stem]) == [*csv.reader(file)]


def test_every_question_has_an_answer_worked_out():
    assert QUESTIONS.keys() == {path.stem for path in ANSWERS}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_an_empty_warehouse_has_no_answer_and_is_no_error(
    rolled_back: Connection, question: Question
):
    [_] = answer_of(rolled_back, question)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_what_a_question_reads_is_promised(rolled_back: Connection, question: Question):
    rolled_back.run(render("create temporary view asked as {sql}", sql=Sql(question.sql)))
    read = rolled_back.run("""
        select distinct refobjid::regclass::text
        from pg_rewrite join pg_depend on pg_depend.objid = pg_rewrite.oid
        where ev_class = 'asked'::regclass and refclassid = 'pg_class'::regclass
            and refobjid <> ev_class
    """)
    assert {name for (name,) in read} & BASE_FACTS == set()


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_money_stands_beside_its_currency(rolled_back: Connection, question: Question):
    columns, *_ = answer_of(rolled_back, question)
    money = {"revenue", "amount", "spend", "sales", "unpaid_amount", "late_amount"}
    assert not money & {*columns} or "currency_code" in columns


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_currencies_of_one_name_are_not_added_up(rolled_back: Connection, path: Path):
    """As members are that a fact refers to and the source does not have: all are 'Unknown'."""
    fill(rolled_back, path.parents[1])
    rolled_back.run("update warehouse.dim_currency set currency_code = 'Unknown'")
    with path.open(newline="", encoding="utf-8") as file:
        assert len(answer_of(rolled_back, QUESTIONS[path.stem])) == len([*csv.reader(file)])
