"""The scope of a poll after each kind of change of the source's position."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pg8000.native import Connection

import contracts
from embedded.server import Server
from ingestion_lambda import batch
from ingestion_lambda.source import snapshot
from ingestion_lambda.source.scope import FullRead, NoRead, XidRange, choose_scope
from lake.entries import Batch, Position
from postgres import connected, from_dsn, render, value
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime


@pytest.fixture(scope="module")
def writer(server: Server) -> Iterator[Connection]:
    with connected(from_dsn(server.dsn()), "writer") as connection:
        yield connection


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


IDS = st.integers(3, 2**32 - 1)
LOWS = st.one_of(st.integers(3, 2**40), st.integers(2**32 - 40, 2**32 + 40), st.just(3))
WIDTHS = st.one_of(st.integers(1, 40), st.integers(1, 2**31 - 1))
SHOWN = "SELECT xmin::text::bigint FROM unnest({ids}::text::xid[]) AS x (xmin) WHERE {condition}"


@given(low=LOWS, width=WIDTHS, ids=st.lists(IDS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_condition_holds_for_the_ids_of_its_range_modulo_2_32(
    writer: Connection, low: int, width: int, ids: list[int]
):
    ids = [*ids, *(n % 2**32 for n in (low - 1, low, low + width - 1, low + width))]
    ids = [n for n in ids if n > 2]  # lower ones are reserved
    text = value(f"{{{','.join(map(str, ids))}}}")
    shown = writer.run(render(SHOWN, ids=text, condition=XidRange(low, low + width).condition))
    assert [n for [n] in shown] == [n for n in ids if (n - low) % 2**32 < width]


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
