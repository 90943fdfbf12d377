"""The QuickSight definitions: each question with the columns and types that PostgreSQL returns."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from artifacts.errors import TypeWithoutName
from artifacts.quicksight.data_sets import of_questions
from artifacts.quicksight.files import files
from postgres import Sql, connected, from_dsn, render
from warehouse import migrate
from warehouse.questions import Question, questions

ROOT = Path(__file__).parents[3]
QUESTIONS = questions()
VIEWS = [f"{fact.name}_wide" for fact in contracts.warehouse().facts]
SCHEMA = "stars"
SAMPLES = {  # types of PostgreSQL by type of QuickSight
    "INTEGER": {"smallint", "integer", "bigint"},
    "DECIMAL": {"numeric", "double precision"},
    "STRING": {"text", "character varying"},
    "DATETIME": {"date", "timestamp without time zone"},
    "BOOLEAN": {"boolean"},
}
Visual = dict[str, Any]


@pytest.fixture(scope="module")
def warehouse(server: Any) -> Iterator[Connection]:
    """A warehouse without rows, in a schema that is in no search_path."""
    server.create_database("quicksight")
    with connected(from_dsn(server.dsn("quicksight")), "tests") as connection:
        migrate(connection, SCHEMA)
        yield connection
    server.drop_database("quicksight")


@pytest.fixture(scope="module")
def generated(warehouse: Connection) -> dict[str, str]:
    """The generated files by path."""
    return files(warehouse, SCHEMA)


@pytest.fixture(scope="module")
def data_sets(generated: dict[str, str]) -> dict[str, Any]:
    data_sets: dict[str, Any] = json.loads(generated["data_sets.json"])
    return data_sets


@pytest.fixture(scope="module")
def sheets(generated: dict[str, str]) -> list[dict[str, Any]]:
    sheets: list[dict[str, Any]] = json.loads(generated["sheets.json"])
    return sheets


@pytest.fixture(scope="module")
def visuals(sheets: list[dict[str, Any]]) -> list[Visual]:
    return [visual for sheet in sheets for visual in sheet["visuals"]]


@pytest.fixture(scope="module")
def charts(visuals: list[Visual]) -> list[Visual]:
    return [visual for visual in visuals if visual["kind"] != "table"]


def described(connection: Connection, query: str) -> list[tuple[str, str]]:
    """Return the columns of an answer, with the names that PostgreSQL gives to their types."""
    connection.run("discard all")
    connection.run(render("create temp view answer as {query}", query=Sql(query)))
    return [
        (name, type_)
        for name, type_ in connection.run(
            "select attname, format_type(atttypid, null) from pg_attribute"
            " where attrelid = 'pg_temp.answer'::regclass and attnum > 0 order by attnum"
        )
    ]


def test_every_question_is_a_data_set_and_nothing_else_is(data_sets: dict[str, Any]):
    assert {name: of["title"] for name, of in data_sets["questions"].items()} == {
        name: question.title for name, question in QUESTIONS.items()
    }
    assert [*data_sets["views"]] == VIEWS


@pytest.mark.parametrize("name", QUESTIONS)
def test_columns_and_types_are_those_of_the_answer(
    warehouse: Connection, generated: dict[str, str], data_sets: dict[str, Any], name: str
):
    query = generated[f"queries/{name}.sql"].replace("${schema}", SCHEMA)
    actual = described(warehouse, query)
    columns = [
        (column["name"], column["type"]) for column in data_sets["questions"][name]["columns"]
    ]
    assert [column for column, _ in columns] == [column for column, _ in actual]
    assert all(t in SAMPLES[kind] for (_, kind), (_, t) in zip(columns, actual, strict=True))


@pytest.mark.parametrize("name", QUESTIONS)
def test_query_is_the_question_with_its_views_in_the_schema(
    warehouse: Connection, generated: dict[str, str], name: str
):
    text = generated[f"queries/{name}.sql"]
    assert set(re.findall(r"[$%]\{.*?\}", text)) <= {"${schema}"}, "Terraform would replace it"
    warehouse.run(render("set search_path to {schema}", schema=SCHEMA))
    texts = {"plain": QUESTIONS[name].sql, "qualified": text.replace("${schema}", SCHEMA)}
    for view, query in texts.items():
        warehouse.run(render("create temp view {view} as {query}", view=view, query=Sql(query)))
    [[plain], [qualified]] = (
        warehouse.run("select pg_get_viewdef(cast(:view as regclass))", view=view)[0]
        for view in texts
    )
    warehouse.run("discard all")
    assert qualified == plain


@pytest.mark.parametrize("view", VIEWS)
def test_data_set_of_a_view_has_all_columns_except_times_of_day(
    warehouse: Connection, data_sets: dict[str, Any], view: str
):
    actual = described(warehouse, render("table {schema}.{view}", schema=SCHEMA, view=view))
    columns = {column["name"]: column["type"] for column in data_sets["views"][view]["columns"]}
    times = {column for column, type_ in actual if type_ == "time without time zone"}
    assert columns.keys() == {column for column, _ in actual} - times
    assert times == {"created_time", "last_updated_time"}
    assert all(type_ in SAMPLES[columns[name]] for name, type_ in actual if name in columns)


def test_type_that_quicksight_does_not_have_is_refused_with_its_column(warehouse: Connection):
    sql = "select interval '1 day' as waited order by 1"
    question = Question("waits", "?", "", "", "platform", sql)
    with pytest.raises(TypeWithoutName, match=r"waits\.waited has the type 'interval'"):
        of_questions(warehouse, SCHEMA, {"waits": question})


def test_every_question_has_a_table_of_all_its_columns(
    data_sets: dict[str, Any], visuals: list[Visual]
):
    tables = {
        visual["data_set"]: visual["columns"] for visual in visuals if visual["kind"] == "table"
    }
    assert tables == {
        name: [column["name"] for column in of["columns"]]
        for name, of in data_sets["questions"].items()
    }


def test_every_visual_has_the_texts_of_its_question_and_a_place_of_its_own(
    sheets: list[dict[str, Any]], visuals: list[Visual]
):
    assert len({visual["id"] for visual in visuals}) == len(visuals)
    for visual in visuals:
        question = QUESTIONS[visual["data_set"]]
        assert visual["title"] == question.title
        assert question.why in visual["subtitle"] or question.look_at in visual["subtitle"]
    for sheet in sheets:
        cells = [
            (row, column)
            for visual in sheet["visuals"]
            for row in range(visual["row"], visual["row"] + visual["height"])
            for column in range(visual["column"], visual["column"] + visual["width"])
        ]
        assert len(set(cells)) == len(cells), "two visuals overlap"
        assert max(column for _, column in cells) < 36


def test_questions_are_on_the_sheet_of_their_theme(sheets: list[dict[str, Any]]):
    for sheet in sheets:
        themes = {QUESTIONS[visual["data_set"]].theme for visual in sheet["visuals"]}
        assert themes == {sheet["id"]}


def test_charts_refer_to_columns_of_their_answers_and_fit_their_types(
    data_sets: dict[str, Any], charts: list[Visual]
):
    assert len(charts) > 10
    for chart in charts:
        columns = data_sets["questions"][chart["data_set"]]["columns"]
        types = {column["name"]: column["type"] for column in columns}
        groups = [chart[part] for part in ("color", "panel") if chart[part]]
        values = [value["column"] for value in chart["values"]]
        assert len({chart["category"], *groups, *values}) == 1 + len(groups) + len(values)
        assert all(types[value] in {"INTEGER", "DECIMAL"} for value in values), chart["id"]
        assert all(types[group] == "STRING" for group in groups), chart["id"]
        kinds = {"DATETIME"} if chart["kind"] == "line" else {"STRING", "INTEGER"}
        assert types[chart["category"]] in kinds, chart["id"]
        if chart["kind"] == "bar":
            assert types[chart["category"]] == chart["category_type"]
            assert chart["sort"]["column"] in {chart["category"], *values}
        assert len(values) == 1 or not chart["color"], "QuickSight colours one value only"


def test_no_chart_adds_amounts_of_several_currencies(
    warehouse: Connection,
    generated: dict[str, str],
    data_sets: dict[str, Any],
    charts: list[Visual],
):
    for chart in charts:
        name = chart["data_set"]
        if "currency_code" in {c["name"] for c in data_sets["questions"][name]["columns"]}:
            assert "currency_code" in {chart["color"], chart["panel"], chart["category"]}, name
        else:
            sums = {v["column"] for v in chart["values"] if v["aggregation"] == "SUM"}
            assert not sums or not money_columns(warehouse, generated, name), name


def money_columns(connection: Connection, generated: dict[str, str], name: str) -> list[str]:
    """Return the money columns that a question reads, from the dependencies in the catalog."""
    query = generated[f"queries/{name}.sql"].replace("${schema}", SCHEMA)
    described(connection, query)
    rows = connection.run(
        "select distinct attname from pg_rewrite join pg_depend on objid = pg_rewrite.oid"
        " join pg_attribute on attrelid = refobjid and attnum = refobjsubid"
        " where ev_class = 'pg_temp.answer'::regclass and attnum > 0"
        " and attname in ('unit_price', 'item_unit_price', 'payment_amount')"
    )
    return [column for (column,) in rows]


def test_money_columns_are_found_in_the_questions_that_read_them(
    warehouse: Connection, generated: dict[str, str]
):
    assert money_columns(warehouse, generated, "revenue_by_month") == ["unit_price"]
    assert money_columns(warehouse, generated, "deliveries_due") == []


def test_command_writes_every_file_and_removes_those_of_a_former_build(
    generated: dict[str, str], tmp_path: Path
):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "of_a_former_question.sql").write_text("select 1")
    module = [sys.executable, "-m", "artifacts.quicksight", "--out", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "embedded.server", *module], cwd=ROOT, check=True)
    written = {
        str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert written == generated
