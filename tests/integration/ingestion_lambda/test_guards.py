"""Guards: changes that look like a mistake, and the options that allow them."""

import pytest
from pg8000.native import Connection

from embedded.server import Server
from ingestion_lambda.errors import AnotherSource, MassDelete
from postgres import connected, from_dsn
from tests.integration.ingestion_lambda.conftest import Pipeline, both_ways
from totesys.simulator import Simulator

pytestmark = pytest.mark.lambda_runtime


@both_ways
def test_mass_delete_is_refused_unless_allowed(pipeline: Pipeline, source: Connection):
    source.run(
        "INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now()"
        " FROM generate_series(1001, 1400) g"
    )
    pipeline.poll()
    source.run("DELETE FROM design WHERE design_id > 1200")
    with pytest.raises(MassDelete, match="--allow-mass-delete design"):
        pipeline.poll()
    assert pipeline.lake.batches.head_seq() == 1
    assert pipeline.poll(allow_mass_delete=["design"]).changes == {
        "design": {"I": 0, "U": 0, "D": 200}
    }


def test_a_hundred_deletions_are_not_a_mass_delete(pipeline: Pipeline, source: Connection):
    source.run(
        "INSERT INTO design SELECT g, now(), 'D', '/d', 'f', now()"
        " FROM generate_series(1001, 1110) g"
    )
    pipeline.poll()
    source.run("DELETE FROM design WHERE design_id BETWEEN 1001 AND 1100")
    assert pipeline.poll().changes["design"]["D"] == 100


def pipeline_from(pipeline: Pipeline, dsn: str) -> Pipeline:
    """Return a pipeline from another source into the same lake."""
    return Pipeline(from_dsn(dsn), pipeline.lake, pipeline.folder)


@both_ways
def test_another_source_is_refused_and_the_lake_stays_unchanged(
    pipeline: Pipeline, source_dsn: str
):
    pipeline.poll()
    with connected(from_dsn(source_dsn), "writer") as other:
        Simulator(other, seed=7).seed(30)
    wrong = pipeline_from(pipeline, source_dsn)
    with pytest.raises(AnotherSource, match="--accept-source"):
        wrong.poll()
    assert pipeline.lake.batches.head_seq() == 1
    assert pipeline.poll().changes == {}
    assert wrong.poll(accept_source=True).seq == 2


def test_source_restored_into_another_database_continues_with_its_differences(
    pipeline: Pipeline, server: Server
):
    pipeline.poll()
    server.create_database("restored", pipeline.address.database)
    try:
        restored = pipeline_from(pipeline, server.dsn("restored"))
        with connected(restored.address, "writer") as writer:
            Simulator(writer).edit_sales_order_silently()
        assert restored.poll().changes == {"sales_order": {"I": 0, "U": 1, "D": 0}}
    finally:
        server.drop_database("restored")
