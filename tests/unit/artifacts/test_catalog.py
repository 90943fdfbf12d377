"""The generated files of the catalog module are in step with the contracts, and Athena's SQL."""

import shutil
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

import contracts
from artifacts import catalog
from artifacts.views import INGESTION, views
from tests.athena.page import examples
from warehouse.questions import Question, questions

QUERIES = catalog.queries()
VIEWS = views()


def test_generated_files_are_in_step_with_the_contracts():
    kept = [
        catalog.MODULE / "tables.json",
        *(catalog.MODULE / "queries").glob("*.sql"),
    ]
    told = {str(path.relative_to(catalog.MODULE)): path.read_text() for path in kept}
    assert told == catalog.files(), "run `python -m artifacts.catalog`"


def test_query_that_is_no_longer_made_does_not_stay_to_be_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(catalog.MODULE / "queries", tmp_path / "queries")
    (tmp_path / "queries" / "of_a_former_fact.sql").write_text("select 1")
    (tmp_path / "main.tf").write_text("# not generated")
    monkeypatch.setattr(catalog, "MODULE", tmp_path)
    catalog.write()
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"main.tf", *catalog.files()}


def test_every_fact_and_every_dimension_has_its_queries():
    warehouse = contracts.warehouse()
    kinds = ("current", "history", "as_of")
    facts = {f"{fact.name}_{kind}" for fact in warehouse.facts for kind in kinds}
    assert VIEWS.keys() == facts | {f"{d.name}_history" for d in warehouse.dimensions}


@pytest.mark.parametrize("name", QUERIES)
def test_query_is_sql_of_athena_and_begins_with_what_it_answers(name: str):
    query = QUERIES[name].replace(INGESTION, "an_ingestion")
    assert "${" not in query
    assert len(sqlglot.parse(query, read="athena")) == 1
    assert query.startswith("-- ")


@pytest.mark.parametrize("name", VIEWS)
def test_query_of_a_view_ends_where_a_question_takes_its_place(name: str):
    assert VIEWS[name].splitlines()[-2:] == [")", " ".join(("select * from", name))]
    assert VIEWS[name].count("?") == name.endswith("_as_of")


def test_every_question_is_saved_or_says_why_not():
    asked = {question.name for question in questions().values() if not question.not_in_athena}
    assert QUERIES.keys() == VIEWS.keys() | asked
    assert {*questions()} - asked == {"freshness"}


def test_no_question_is_called_like_a_view():
    assert not VIEWS.keys() & questions().keys()


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.name)
def test_question_reads_nothing_that_the_lake_has_under_another_name(question: Question):
    query = QUERIES.get(question.name, "").replace(INGESTION, "an_ingestion")
    known = {*contracts.warehouse().tables, *(f.tombstones for f in contracts.warehouse().facts)}
    tree = sqlglot.parse_one(query or "select 1", read="athena")
    made = {part.alias for part in tree.find_all(exp.CTE)}
    read = {t.name for t in tree.find_all(exp.Table) if t.db != "an_ingestion"}
    assert read <= made | known


def test_saved_queries_of_the_page_exist():
    assert {example.saved for example in examples().values()} - {""} <= QUERIES.keys()


def test_help_teaches_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(catalog, "MODULE", tmp_path)
    with pytest.raises(SystemExit, match="0"):
        catalog.main(["--help"])
    told = capsys.readouterr().out
    assert all(word in told for word in ("Athena", "Terraform", "examples:"))
    assert list(tmp_path.iterdir()) == []


def test_every_file_that_was_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "queries").mkdir()
    monkeypatch.setattr(catalog, "MODULE", tmp_path)
    catalog.main([])
    told = capsys.readouterr().out.splitlines()
    assert told == [str(tmp_path / path) for path in catalog.files()]
