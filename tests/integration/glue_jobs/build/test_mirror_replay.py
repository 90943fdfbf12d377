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


def test_mirror_of_a_batch_is_the_last_state_of_each_row_whatever_the_order_in_its_file(
    spark: SparkSession, built: LakeBuilder
):
    built.without_order = True
    built.insert(design=[row("design", 1), row("design", 2)])
    built.without_order = False
    built.batch(
        {
            "design": [
                ("U", row("design", 1, design_name="C", change_seq=7)),
                ("D", row("design", 2, change_seq=3)),
                ("I", row("design", 3, change_seq=2)),
                ("U", row("design", 1, design_name="A", change_seq=0)),
                ("D", row("design", 3, change_seq=5)),
                ("I", row("design", 2, design_name="again", change_seq=9)),
                ("U", row("design", 1, design_name="B", change_seq=2)),
            ]
        }
    )
    built.update(design=[row("design", 1, design_name="D")])
    replay = MirrorReplay(built.lake, lambda: spark, contracts.source())

    states = [
        sorted((r.design_id, r.design_name) for r in replay.at("design", seq).collect())
        for seq in (1, 2, 3)
    ]
    assert states == [[(1, "text"), (2, "text")], [(1, "C"), (2, "again")], [(1, "D"), (2, "again")]]
