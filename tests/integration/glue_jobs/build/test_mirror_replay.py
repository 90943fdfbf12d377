"""The mirror of a table, folded from what the batches landed."""

from threading import Barrier

import pytest
from pyspark.sql import SparkSession

import contracts
from glue_jobs.build.mirror_replay import MirrorReplay
from lake import Log
from lake.entries import Batch
from tests.lake_builder import LakeBuilder, row


def test_the_log_is_read_several_entries_at_once(
    spark: SparkSession, built: LakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    for key in (1, 2, 3, 4):
        built.insert(design=[row("design", key)])
    together, entry = Barrier(4), Log.entry

    def of_all_at_once(log: Log[Batch], seq: int) -> Batch:
        together.wait(timeout=10)
        return entry(log, seq)

    monkeypatch.setattr(Log, "entry", of_all_at_once)
    folds = MirrorReplay(built.lake, lambda: spark, contracts.source())
    assert {r.design_id for r in folds.at("design", 3).collect()} == {1, 2, 3}
