"""The scope of a poll after each kind of change of the source's position."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace
from pg8000.native import Connection

import contracts
from ingestion_lambda import batch
from ingestion_lambda.source import snapshot
from ingestion_lambda.source.scope import FullRead, NoRead, XidRange, choose_scope
from lake.entries import Batch, Position
from postgres import connected
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime


def test_second_poll_reads_from_the_horizon_of_the_first(pipeline: Pipeline, source: Connection):
    pipeline.poll()
    source.run("SELECT pg_current_xact_id()")
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.open_snapshot(connection, contracts.source()) as now,
    ):
        assert isinstance(choose_scope(pipeline.lake.batches.head(), now), XidRange)


def test_quiet_source_is_not_read(
    pipeline: Pipeline, source: Connection, monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()

    def read(*_: object) -> None:
        raise AssertionError("a table was read")

    monkeypatch.setattr(batch, "TablePoll", read)
    pipeline.poll()
    source.run("SELECT pg_current_xact_id()")
    with pytest.raises(AssertionError, match="a table was read"):
        pipeline.poll()


@contextmanager
def position_of(pipeline: Pipeline, **changes: object) -> Iterator[tuple[Batch, snapshot.Snapshot]]:
    """Return the head with another position, and a snapshot taken now."""
    head = pipeline.lake.batches.head()
    assert head is not None
    before: Position = replace(head.position, **changes)
    with (
        connected(pipeline.address, "test") as connection,
        snapshot.open_snapshot(connection, contracts.source()) as now,
    ):
        yield replace(head, position=before), now


@pytest.mark.parametrize(
    "part", ["system_identifier", "timeline", "database", "tables", "contracts"]
)
def test_another_source_is_read_in_full(pipeline: Pipeline, part: str):
    pipeline.poll()
    head = pipeline.lake.batches.entry(1)
    identity = {**head.position.identity, part: "another"}
    with position_of(pipeline, identity=identity) as (before, now):
        assert choose_scope(before, now) == FullRead(f"the source is another: {part} changed")


def test_ids_that_went_back_are_read_in_full(pipeline: Pipeline):
    pipeline.poll()
    with position_of(pipeline, xmax=2**40) as (before, now):
        assert choose_scope(before, now) == FullRead("the source's transaction ids went back")


def test_horizon_too_old_to_compare_is_read_in_full(pipeline: Pipeline):
    pipeline.poll()
    with position_of(pipeline) as (before, now):
        later = dataclasses.replace(now, xmin=now.xmin + 2**31, xmax=now.xmax + 2**31)
        assert isinstance(choose_scope(before, later), FullRead)


def test_same_snapshot_is_read_again_after_an_unflushed_horizon(pipeline: Pipeline):
    pipeline.poll()
    horizon = pipeline.lake.batches.entry(1).position.xmin
    with position_of(pipeline, horizon=horizon - 1) as (before, now):
        assert isinstance(choose_scope(before, now), XidRange)
    with position_of(pipeline) as (before, now):
        assert choose_scope(before, now) == NoRead()
