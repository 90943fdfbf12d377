"""The definitions of the catalog module: valid SQL of Athena, one query per view and question."""

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
SNAPSHOTS = Path(__file__).with_name("snapshots")


@pytest.mark.parametrize("name", ["fact_payment_history", "deliveries_due"])
def test_view_and_question_are_rendered_as_in_their_snapshots(name: str):
    snapshot = (SNAPSHOTS / f"{name}.sql").read_text(encoding="utf-8")
    assert QUERIES[name] == snapshot


def test_query_of_a_former_build_is_removed_and_files_of_others_stay(tmp_path: Path):
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "of_a_former_fact.sql").write_text("select 1")
    (tmp_path / "notes.txt").write_text("not generated")
    catalog.main(["--out", str(tmp_path)])
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"notes.txt", *catalog.files()}


def test_every_fact_and_every_dimension_has_its_queries():
    warehouse = contracts.warehouse()
    kinds = ("current", "history", "as_of")
    facts = {f"{fact.name}_{kind}" for fact in warehouse.facts for kind in kinds}
    assert VIEWS.keys() == facts | {f"{d.name}_history" for d in warehouse.dimensions}


@pytest.mark.parametrize("name", QUERIES)
def test_query_is_sql_of_athena_and_begins_with_its_description(name: str):
    query = QUERIES[name].replace(INGESTION, "an_ingestion")
    assert "${" not in query
    assert len(sqlglot.parse(query, read="athena")) == 1
    assert query.startswith("-- ")


@pytest.mark.parametrize("name", VIEWS)
def test_query_of_a_view_ends_with_a_select_that_a_question_can_replace(name: str):
    assert VIEWS[name].splitlines()[-2:] == [")", " ".join(("select * from", name))]
    assert VIEWS[name].count("?") == name.endswith("_as_of")


def test_every_question_has_a_query_or_a_reason_why_not():
    answered = {question.name for question in questions().values() if not question.not_in_athena}
    assert QUERIES.keys() == VIEWS.keys() | answered
    assert {*questions()} - answered == {"freshness"}


def test_no_question_has_the_name_of_a_view():
    assert not VIEWS.keys() & questions().keys()


@pytest.mark.parametrize("question", questions().values(), ids=lambda question: question.name)
def test_question_reads_only_tables_that_the_lake_has(question: Question):
    query = QUERIES.get(question.name, "").replace(INGESTION, "an_ingestion")
    known = {*contracts.warehouse().tables, *(f.tombstones for f in contracts.warehouse().facts)}
    tree = sqlglot.parse_one(query or "select 1", read="athena")
    defined = {part.alias for part in tree.find_all(exp.CTE)}
    tables = {t.name for t in tree.find_all(exp.Table) if t.db != "an_ingestion"}
    assert tables <= defined | known


def test_saved_queries_of_the_page_exist():
    assert {example.saved for example in examples().values()} - {""} <= QUERIES.keys()


def test_help_shows_examples_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        catalog.main(["--help"])
    output = capsys.readouterr().out
    assert all(word in output for word in ("Athena", "Terraform", "examples:"))
    assert list(tmp_path.iterdir()) == []


def test_path_of_every_file_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    catalog.main(["--out", str(tmp_path)])
    printed = capsys.readouterr().out.splitlines()
    assert printed == [str(tmp_path / path) for path in catalog.files()]
