"""Mirror objects expire once no batch needs them."""

from collections.abc import Iterable
from typing import Any

import pytest
from pg8000.native import Connection

from ingestion_lambda.mirror import expiry
from lake import Log
from tests.integration.ingestion_lambda.conftest import Pipeline

pytestmark = pytest.mark.lambda_runtime


@pytest.fixture
def happened(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What polls did that others see, in order; a expiry with its keys."""
    happened: list[str] = []
    publish, commit = pipeline.bus.publish, Log.commit

    def committing(self, entry):
        commit(self, entry)
        happened.append("commit")

    def publishing(event: dict[str, Any]) -> None:
        happened.append("event")
        publish(event)

    def retiring(keys: Iterable[str]) -> None:
        happened.extend(keys)

    monkeypatch.setattr(Log, "commit", committing)
    monkeypatch.setattr(pipeline.bus, "publish", publishing)
    monkeypatch.setattr(pipeline.lake.ingestion, "expire", retiring)
    return happened


def rename_design(source: Connection, seq: int) -> None:
    source.run("UPDATE design SET file_name = :name WHERE design_id = 1", name=f"{seq}.json")


def design_keys(pipeline: Pipeline, *seqs: int) -> list[str]:
    """The objects that these batches' mirrors name for the one bucket of designs."""
    entries = map(pipeline.lake.batches.entry, seqs)
    return [bucket.key for entry in entries for bucket in entry.mirror["design"].values()]


def test_superseded_objects_expire_after_the_load_once_a_later_batch_is_announced(
    pipeline: Pipeline, source: Connection, happened: list[str]
):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    happened.clear()
    rename_design(source, 3)
    pipeline.poll()
    assert happened == ["commit", "event", *design_keys(pipeline, 1)]


def test_superseded_objects_do_not_expire_before_the_load(
    pipeline: Pipeline, source: Connection, happened: list[str]
):
    pipeline.poll()
    pipeline.load()
    happened.clear()
    for seq in (2, 3, 4):
        rename_design(source, seq)
        pipeline.poll()
    assert happened == ["commit", "event"] * 3


@pytest.mark.parametrize("at_once", [2, 100])
def test_every_superseded_object_expires_once_however_far_the_load_lagged(
    pipeline: Pipeline,
    source: Connection,
    happened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
):
    monkeypatch.setattr(expiry, "AT_ONCE", at_once)
    for seq in range(1, 6):
        rename_design(source, seq)
        pipeline.poll()
    for seq in range(6, 10):
        pipeline.load()
        rename_design(source, seq)
        pipeline.poll()
    expired_through = [each for each in happened if each not in ("commit", "event")]
    assert expired_through == design_keys(pipeline, *range(1, 8))


def test_poll_that_lost_its_seq_expires_nothing(
    pipeline: Pipeline, source: Connection, happened: list[str], monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    rename_design(source, 3)
    commit = Log.commit

    def late(self, entry):
        monkeypatch.setattr(Log, "commit", commit)
        pipeline.poll()  # another one is quicker
        assert happened[-1:] == design_keys(pipeline, 1)
        happened.clear()
        commit(self, entry)

    monkeypatch.setattr(Log, "commit", late)
    pipeline.poll()
    assert happened == ["event"]


def test_quiet_poll_expires_nothing(pipeline: Pipeline, source: Connection, happened: list[str]):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    happened.clear()
    pipeline.poll()
    assert happened == []
