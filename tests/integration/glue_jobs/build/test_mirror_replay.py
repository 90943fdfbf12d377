"""The mirror of a table, replayed from the changes in the batches."""

from threading import Barrier

import pytest
from pyspark.sql import SparkSession

import contracts
from glue_jobs.build.mirror_replay import MirrorReplay
from lake import Log
from lake.entries import Batch
from tests.lake_builder import LakeBuilder, row


def test_log_entries_are_read_concurrently(
    spark: SparkSession, built: LakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    for key in (1, 2, 3, 4):
        built.insert(design=[row("design", key)])
    barrier, entry = Barrier(4), Log.entry

    def wait_for_others(log: Log[Batch], seq: int) -> Batch:
        barrier.wait(timeout=10)
        return entry(log, seq)

    monkeypatch.setattr(Log, "entry", wait_for_others)
    replay = MirrorReplay(built.lake, lambda: spark, contracts.source())
    assert {r.design_id for r in replay.at("design", 3).collect()} == {1, 2, 3}
