"""Freshness is the age of the oldest batch that is not loaded."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from lake import Lake, Store, now
from lake.freshness import freshness
from tests.unit.lake.test_log import batch

pytestmark = pytest.mark.lambda_runtime


@pytest.fixture
def lake(store: Store, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with batches that were committed 30, 20 and 10 seconds ago; the clock is stopped."""
    lake, today = Lake(store, store), now()
    monkeypatch.setattr("lake.freshness.now", lambda: today)
    for seq in (1, 2, 3):
        committed_at = today - timedelta(seconds=40 - 10 * seq)
        lake.batches.commit(replace(batch(seq), committed_at=committed_at))
    return lake


@pytest.mark.parametrize(("loaded", "age"), [(0, 30), (1, 20), (2, 10), (3, 0), (4, 0)])
def test_freshness_is_the_age_of_the_oldest_batch_beyond_the_load_log(
    lake: Lake, loaded: int, age: float
):
    assert freshness(lake, 3, loaded) == age
    assert freshness(lake, 3, loaded, lake.batches.entry(3)) == age


def test_empty_lake_is_fresh(store: Store):
    assert freshness(Lake(store, store), 0, 0) == 0.0


def test_clock_that_went_back_makes_no_negative_age(lake: Lake):
    lake.batches.commit(replace(batch(4), committed_at=now() + timedelta(hours=1)))
    assert freshness(lake, 4, 3) == 0.0
