"""The generated files of the catalog module are in step with the contracts, and Athena's SQL."""

import shutil
from pathlib import Path

import pytest
import sqlglot

import contracts
from artifacts import catalog
from tests.athena.page import examples

QUERIES = catalog.queries()


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
    assert QUERIES.keys() == facts | {f"{d.name}_history" for d in warehouse.dimensions}


@pytest.mark.parametrize("name", QUERIES)
def test_query_is_sql_of_athena_and_ends_where_a_question_takes_its_place(name: str):
    query = QUERIES[name].replace(catalog.INGESTION, "an_ingestion")
    assert len(sqlglot.parse(query, read="athena")) == 1
    assert query.startswith("-- ")
    assert query.splitlines()[-2:] == [")", " ".join(("select * from", name))]
    assert query.count("?") == name.endswith("_as_of")


def test_saved_queries_of_the_page_exist():
    assert {example.saved for example in examples().values()} - {""} <= QUERIES.keys()
