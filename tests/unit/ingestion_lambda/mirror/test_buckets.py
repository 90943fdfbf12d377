"""Buckets: the ranges of keys that belong to them."""

import pytest

from ingestion_lambda.mirror.buckets import key_ranges

pytestmark = pytest.mark.lambda_runtime

KEYS = 1 << 14


def test_neighbouring_buckets_are_one_range_of_keys():
    ranges = list(key_ranges([5, -2, 0, 7, -1, 6]))
    assert ranges == [(-2 * KEYS, KEYS), (5 * KEYS, 8 * KEYS)]
    assert list(key_ranges([])) == []
