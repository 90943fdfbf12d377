"""Data sets and dashboard for QuickSight are what the questions ask and PostgreSQL answers."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from artifacts.errors import TypeWithoutName
from artifacts.quicksight import files as generated
from artifacts.quicksight.data_sets import of_questions
from postgres import Sql, connected, from_dsn, render
from warehouse import migrate
from warehouse.questions import Question, questions

QUESTIONS = questions()
SCHEMA = "stars"
TOLD = {
    path: json.loads((generated.MODULES / path).read_text(encoding="utf-8"))
    for path in ("quicksight/data_sets.json", "quicksight_template/sheets.json")
}
DATA_SETS: dict[str, Any] = TOLD["quicksight/data_sets.json"]
VISUALS: list[dict[str, Any]] = [
    visual for sheet in TOLD["quicksight_template/sheets.json"] for visual in sheet["visuals"]
]
CHARTS = [visual for visual in VISUALS if visual["kind"] != "table"]
SAMPLES = {  # a value of each type of QuickSight, in the words of PostgreSQL's types
    "INTEGER": {"smallint", "integer", "bigint"},
    "DECIMAL": {"numeric", "double precision"},
    "STRING": {"text", "character varying"},
    "DATETIME": {"date", "timestamp without time zone"},
    "BOOLEAN": {"boolean"},
}


@pytest.fixture(scope="module")
def warehouse(server: Any) -> Iterator[Connection]:
    """A warehouse without rows, in a schema that no search_path leads to."""
    server.create_database("quicksight")
    with connected(from_dsn(server.dsn("quicksight")), "tests") as connection:
        migrate(connection, SCHEMA)
        yield connection
    server.drop_database("quicksight")


def answered(connection: Connection, query: str) -> list[tuple[str, str]]:
    """The columns of an answer, with their types as PostgreSQL itself spells them."""
    connection.run("discard all")
    connection.run(render("create temp view answer as {query}", query=Sql(query)))
    return [
        (name, type_)
        for name, type_ in connection.run(
            "select attname, format_type(atttypid, null) from pg_attribute"
            " where attrelid = 'pg_temp.answer'::regclass and attnum > 0 order by attnum"
        )
    ]


def test_generated_files_are_in_step_with_the_questions(warehouse: Connection):
    told = {path: (generated.MODULES / path).read_text(encoding="utf-8") for path in TOLD}
    for query in (generated.MODULES / generated.QUERIES).glob("*.sql"):
        told[f"{generated.QUERIES}/{query.name}"] = query.read_text(encoding="utf-8")
    remedy = "run `python -m artifacts.quicksight DSN`, as CONTRIBUTING says"
    assert told == generated.files(warehouse, SCHEMA), remedy


def test_every_question_is_a_data_set_and_nothing_else_is():
    assert DATA_SETS["questions"].keys() == QUESTIONS.keys()
    assert {name: told["title"] for name, told in DATA_SETS["questions"].items()} == {
        name: question.title for name, question in QUESTIONS.items()
    }


@pytest.mark.parametrize("name", QUESTIONS)
def test_columns_and_types_are_those_that_postgresql_answers_with(warehouse: Connection, name: str):
    text = (generated.MODULES / generated.QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    found = answered(warehouse, text.replace("${schema}", SCHEMA))
    told = [(column["name"], column["type"]) for column in DATA_SETS["questions"][name]["columns"]]
    assert [column for column, _ in told] == [column for column, _ in found]
    assert all(type_ in SAMPLES[kind] for (_, kind), (_, type_) in zip(told, found, strict=True))


@pytest.mark.parametrize("name", QUESTIONS)
def test_query_is_the_question_with_its_views_in_the_schema(warehouse: Connection, name: str):
    text = (generated.MODULES / generated.QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"[$%]\{.*?\}", text)) <= {"${schema}"}, "Terraform would take it for its"
    warehouse.run(render("set search_path to {schema}", schema=SCHEMA))
    texts = {"plain": QUESTIONS[name].sql, "qualified": text.replace("${schema}", SCHEMA)}
    for view, query in texts.items():
        warehouse.run(render("create temp view {view} as {query}", view=view, query=Sql(query)))
    [[asked], [asks]] = (
        warehouse.run("select pg_get_viewdef(cast(:view as regclass))", view=view)[0]
        for view in texts
    )
    warehouse.run("discard all")
    assert asks == asked


@pytest.mark.parametrize("view", DATA_SETS["views"])
def test_data_set_of_a_view_has_its_columns_but_times_of_a_day(warehouse: Connection, view: str):
    found = answered(warehouse, render("table {schema}.{view}", schema=SCHEMA, view=view))
    shown = {column["name"]: column["type"] for column in DATA_SETS["views"][view]["columns"]}
    times = {column for column, type_ in found if type_ == "time without time zone"}
    assert shown.keys() == {column for column, _ in found} - times
    assert times == {"created_time", "last_updated_time"}
    assert all(type_ in SAMPLES[shown[column]] for column, type_ in found if column in shown)


def test_type_that_quicksight_does_not_have_is_refused_with_its_column(warehouse: Connection):
    sql = "select interval '1 day' as waited order by 1"
    question = Question("waits", "?", "", "", "platform", sql)
    with pytest.raises(TypeWithoutName, match=r"waits\.waited is 'interval'"):
        of_questions(warehouse, SCHEMA, {"waits": question})


def test_every_question_has_a_table_of_all_its_columns():
    tables = {
        visual["data_set"]: visual["columns"] for visual in VISUALS if visual["kind"] == "table"
    }
    assert tables == {name: columns(name) for name in QUESTIONS}


def columns(name: str) -> list[str]:
    return [column["name"] for column in DATA_SETS["questions"][name]["columns"]]


def test_every_visual_says_what_it_answers_and_stands_apart():
    assert len({visual["id"] for visual in VISUALS}) == len(VISUALS)
    for visual in VISUALS:
        question = QUESTIONS[visual["data_set"]]
        assert visual["title"] == question.title
        assert question.why in visual["subtitle"] or question.look_at in visual["subtitle"]
    for sheet in TOLD["quicksight_template/sheets.json"]:
        cells = [
            (row, column)
            for visual in sheet["visuals"]
            for row in range(visual["row"], visual["row"] + visual["height"])
            for column in range(visual["column"], visual["column"] + visual["width"])
        ]
        assert len(set(cells)) == len(cells), "one visual lies upon another"
        assert max(column for _, column in cells) < 36


def test_questions_stand_on_the_sheet_of_their_theme():
    for sheet in TOLD["quicksight_template/sheets.json"]:
        themes = {QUESTIONS[visual["data_set"]].theme for visual in sheet["visuals"]}
        assert themes == {sheet["id"]}


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart["id"])
def test_chart_refers_to_columns_of_its_answer_and_their_types(chart: dict[str, Any]):
    types = {c["name"]: c["type"] for c in DATA_SETS["questions"][chart["data_set"]]["columns"]}
    told_apart = [chart[part] for part in ("color", "panel") if chart[part]]
    drawn = [value["column"] for value in chart["values"]]
    assert len({chart["category"], *told_apart, *drawn}) == 1 + len(told_apart) + len(drawn)
    assert all(types[value] in {"INTEGER", "DECIMAL"} for value in drawn)
    assert all(types[dimension] == "STRING" for dimension in told_apart)
    assert types[chart["category"]] in (
        {"DATETIME"} if chart["kind"] == "line" else {"STRING", "INTEGER"}
    )
    if chart["kind"] == "bar":
        assert types[chart["category"]] == chart["category_type"]
        assert chart["sort"]["column"] in {chart["category"], *drawn}
    assert len(drawn) == 1 or not chart["color"], "QuickSight colours one figure only"


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart["id"])
def test_no_chart_adds_up_amounts_of_several_currencies(
    warehouse: Connection, chart: dict[str, Any]
):
    name = chart["data_set"]
    if "currency_code" in columns(name):
        assert "currency_code" in {chart["color"], chart["panel"], chart["category"]}
    else:
        summed = {v["column"] for v in chart["values"] if v["aggregation"] == "SUM"}
        assert not summed or not money_read_by(warehouse, name)


def money_read_by(connection: Connection, name: str) -> list[str]:
    """The columns of money that a question reads, by PostgreSQL's own account."""
    text = (generated.MODULES / generated.QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    answered(connection, text.replace("${schema}", SCHEMA))
    rows = connection.run(
        "select distinct attname from pg_rewrite join pg_depend on objid = pg_rewrite.oid"
        " join pg_attribute on attrelid = refobjid and attnum = refobjsubid"
        " where ev_class = 'pg_temp.answer'::regclass and attnum > 0"
        " and attname in ('unit_price', 'item_unit_price', 'payment_amount')"
    )
    return [column for (column,) in rows]


def test_money_is_found_where_it_is_read(warehouse: Connection):
    assert money_read_by(warehouse, "revenue_by_month") == ["unit_price"]
    assert money_read_by(warehouse, "deliveries_due") == []


def test_written_anew_by_the_command_nothing_changes_and_nothing_is_left_over(
    server: Any, warehouse: Connection, tmp_path: Path
):
    root = tmp_path / "tree"
    for folder in ("artifacts", "contracts", "postgres", "totesys", "warehouse"):
        shutil.copytree(generated.MODULES.parents[1] / folder, root / folder)
    modules = root / "terraform" / "modules"
    (modules / generated.QUERIES).mkdir(parents=True)
    (modules / "quicksight_template").mkdir()
    (modules / generated.QUERIES / "of_a_former_question.sql").write_text("select 1")
    command = [sys.executable, "-m", "artifacts.quicksight", server.dsn("quicksight")]
    subprocess.run([*command, "--schema", SCHEMA], cwd=root, check=True)
    written = {
        str(path.relative_to(modules)): path.read_text(encoding="utf-8")
        for path in modules.rglob("*")
        if path.is_file()
    }
    assert written == generated.files(warehouse, SCHEMA)
