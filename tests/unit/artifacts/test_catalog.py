"""The definitions of Athena's names: valid SQL of Athena, one view per name."""

import json
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import contracts
from artifacts import catalog
from artifacts.athena import athena_views, in_athena, saved_queries
from publish.tables import published_tables
from warehouse.questions import questions

VIEWS = athena_views()
QUERIES = saved_queries()
FACT_KINDS = ("", "_history", "_current", "_changes", "_wide")


def test_query_of_a_former_build_is_removed_and_files_of_others_stay(tmp_path: Path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "of_a_former_fact.sql").write_text("select 1")
    (tmp_path / "notes.txt").write_text("not generated")
    catalog.main(["--out", str(tmp_path)])
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"notes.txt", *catalog.files()}
    written = json.loads((tmp_path / "views.json").read_text(encoding="utf-8"))
    assert written == {"source": "totesys", "views": VIEWS}


def test_every_fact_dimension_and_question_has_its_names():
    warehouse = contracts.warehouse()
    facts = {f"{fact.name}{kind}" for fact in warehouse.facts for kind in FACT_KINDS}
    tables = {table.name for table in (*warehouse.calendars, *warehouse.dimensions)}
    answered = {question.name for question in questions().values() if not question.not_in_athena}
    assert {*questions()} - answered == {"freshness"}
    histories = {f"{name}_history" for name in tables}
    assert VIEWS.keys() == {"ledger"} | facts | tables | histories | answered
    assert QUERIES.keys() == {f"{fact.name}_as_of" for fact in warehouse.facts}


def test_view_reads_published_tables_and_the_views_before_it():
    published = {(t.namespace.partition("_")[0], t.name) for t in published_tables(1)}
    before: set[str] = set()
    for name, select in VIEWS.items():
        tree = sqlglot.parse_one(select, read="athena")
        defined = {part.alias for part in tree.find_all(exp.CTE)} | before
        for table in tree.find_all(exp.Table):
            place = table.db.removeprefix("${").removesuffix("}"), table.name
            assert table.name in defined if not table.db else place in published, (name, place)
        before.add(name)


@pytest.mark.parametrize("name", QUERIES)
def test_saved_query_has_a_description_and_one_parameter(name: str):
    assert QUERIES[name].startswith("-- ")
    assert QUERIES[name].count("?") == 1
    assert len(sqlglot.parse(QUERIES[name], read="athena")) == 1


@pytest.mark.parametrize(
    ("postgres", "athena"),
    {
        "cast(a as time)": "a",
        "a::timestamp": "CAST(a AS TIMESTAMP(6))",
        "created_date + created_time":
            "CAST(CAST(created_date AS VARCHAR) || ' ' || created_time AS TIMESTAMP(6))",
        "a::date - b::date": "DATE_DIFF('DAY', CAST(b AS DATE), CAST(a AS DATE))",
    }.items(),
)  # fmt: skip
def test_differences_that_the_translator_does_not_know_are_translated(postgres: str, athena: str):
    text = in_athena(f"select {postgres} as x")
    assert " ".join(text.split()).upper() == f"SELECT {athena} AS X".upper()


def test_help_shows_examples_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        catalog.main(["--help"])
    output = capsys.readouterr().out
    assert all(word in output for word in ("Athena", "names", "examples:"))
    assert list(tmp_path.iterdir()) == []


def test_path_of_every_file_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    catalog.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out.splitlines()
    assert printed == [str(tmp_path / path) for path in catalog.files()]
