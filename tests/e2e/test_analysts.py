"""docs/analysts.md: its queries run on the warehouse of a demo, with the answers of the page.

The rows of the demo follow from its seed and its last day. Moments, and days relative to today,
differ from run to run: they are compared by their position only.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession
from rich.console import Console

from embedded.demo.demo import follow
from embedded.platform import Platform
from embedded.server import Server
from postgres import connected, from_dsn
from tests.athena.page import CODE
from totesys.demo.scenario import Scenario
from totesys.simulator import Simulator
from warehouse import SCHEMA

PAGE = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
ANSWERED = re.compile(r"```sql\n(?P<question>[^`]*)```\s+```text\n(?P<answer>[^`]*)```")
EXAMPLES = [(found["question"], found["answer"]) for found in ANSWERED.finditer(PAGE)]
DAY = date(2026, 11, 23)  # of the run that the page shows
ORDERS = 200  # of a demo

MOMENTS = {  # what a moment on the page is, in any run
    "2026-11-23 16:46:50": """
        select valid_from + (valid_to - valid_from) / 2 from fact_sales_order_history
        where sales_order_id = 136 and version = 2""",
    "2026-11-23 16:46:55.2": """
        select valid_from + (observed_at - valid_from) / 2 from fact_sales_order_history
        where sales_order_id = 139 and version = 1""",
}
MOMENT = re.compile(r"'(\d{4}-\d{2}-\d{2} [\d:.]+)'")
VARIES = re.compile(r"\d{4}-\d{2}-\d{2}( [\d:.]+)?|\d{2}:\d{2}:\d{2}[\d.]*")


@pytest.fixture(scope="module")
def demonstrated(
    server: Server,
    totesys_template: str,
    spark: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Connection]:
    """A session in the warehouse of a demo."""
    server.create_database("analysts_source", totesys_template)
    server.create_database("analysts")
    source, dsn = server.dsn("analysts_source"), server.dsn("analysts")
    lake = tmp_path_factory.mktemp("analysts") / "lake"
    with (
        connected(from_dsn(source), "writer") as writer,
        connected(from_dsn(dsn), "analyst") as reader,
    ):
        Simulator(writer).seed(ORDERS, until=DAY)
        platform = Platform(lake, source, dsn, spark=lambda: spark)
        platform.cycle()
        scenario = Scenario(writer, from_dsn(source), reader, SCHEMA, platform.cycle)
        for step in scenario.steps():
            follow(Console(quiet=True), platform, step)
        reader.run("set search_path to warehouse")
        yield reader
    for name in ("analysts_source", "analysts"):
        server.drop_database(name)


def answer_of(connection: Connection, question: str) -> list[list[str]]:
    """Return the cells of an answer as psql shows them, with the names of the columns first."""
    question = MOMENT.sub(lambda found: f"(\n{MOMENTS[found[1]]})", question)
    rows = connection.run(question)
    names = [column["name"] for column in connection.columns or []]
    return [names, *([_shown(value) for value in row] for row in rows)]


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    assert not isinstance(value, float)
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def printed(answer: str) -> list[list[str]]:
    """Return the cells of an answer on the page."""
    lines = [line for line in answer.splitlines() if not line.startswith("--")]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def comparable(cells: list[list[str]]) -> list[list[str]]:
    return [[VARIES.sub("…", cell) for cell in row] for row in cells]


def test_every_query_except_the_setting_has_an_answer():
    questions = [code for language, code in CODE.findall(PAGE) if language == "sql"]
    assert [question for question, _ in EXAMPLES] == questions[1:]
    assert questions[0] == "set search_path to warehouse;\n"


@pytest.mark.parametrize(
    ("question", "answer"), EXAMPLES, ids=[question.split("\n")[0] for question, _ in EXAMPLES]
)
def test_query_of_the_page_has_its_answer(demonstrated: Connection, question: str, answer: str):
    assert comparable(answer_of(demonstrated, question)) == comparable(printed(answer))
