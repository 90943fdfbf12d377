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
def actions(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The visible actions of polls in order; an expiry is recorded by its keys."""
    actions: list[str] = []
    publish, commit = pipeline.bus.publish, Log.commit

    def record_commit(self, entry):
        commit(self, entry)
        actions.append("commit")

    def record_event(event: dict[str, Any]) -> None:
        actions.append("event")
        publish(event)

    def record_expiry(keys: Iterable[str]) -> None:
        actions.extend(keys)

    monkeypatch.setattr(Log, "commit", record_commit)
    monkeypatch.setattr(pipeline.bus, "publish", record_event)
    monkeypatch.setattr(pipeline.lake.ingestion, "expire", record_expiry)
    return actions


def rename_design(source: Connection, seq: int) -> None:
    source.run("UPDATE design SET file_name = :name WHERE design_id = 1", name=f"{seq}.json")


def design_keys(pipeline: Pipeline, *seqs: int) -> list[str]:
    """Return the mirror objects of the only bucket of designs, as of these batches."""
    entries = map(pipeline.lake.batches.entry, seqs)
    return [bucket.key for entry in entries for bucket in entry.mirror["design"].values()]


def test_superseded_objects_expire_after_the_load_once_a_later_batch_is_announced(
    pipeline: Pipeline, source: Connection, actions: list[str]
):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    actions.clear()
    rename_design(source, 3)
    pipeline.poll()
    assert actions == ["commit", "event", *design_keys(pipeline, 1)]


def test_superseded_objects_do_not_expire_before_the_load(
    pipeline: Pipeline, source: Connection, actions: list[str]
):
    pipeline.poll()
    pipeline.load()
    actions.clear()
    for seq in (2, 3, 4):
        rename_design(source, seq)
        pipeline.poll()
    assert actions == ["commit", "event"] * 3


@pytest.mark.parametrize("at_once", [2, 100])
def test_every_superseded_object_expires_once_however_far_the_load_lagged(
    pipeline: Pipeline,
    source: Connection,
    actions: list[str],
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
    expired = [each for each in actions if each not in ("commit", "event")]
    assert expired == design_keys(pipeline, *range(1, 8))


def test_poll_that_lost_its_seq_expires_nothing(
    pipeline: Pipeline, source: Connection, actions: list[str], monkeypatch: pytest.MonkeyPatch
):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    rename_design(source, 3)
    commit = Log.commit

    def late(self, entry):
        monkeypatch.setattr(Log, "commit", commit)
        pipeline.poll()  # another poll is first
        assert actions[-1:] == design_keys(pipeline, 1)
        actions.clear()
        commit(self, entry)

    monkeypatch.setattr(Log, "commit", late)
    pipeline.poll()
    assert actions == ["event"]


def test_quiet_poll_expires_nothing(pipeline: Pipeline, source: Connection, actions: list[str]):
    pipeline.poll()
    rename_design(source, 2)
    pipeline.poll()
    pipeline.load()
    actions.clear()
    pipeline.poll()
    assert actions == []
