"""Concurrent requests: results in order, and a limited number of items in memory."""

import threading
import time
from collections.abc import Iterator

import pytest

from lake.concurrent import CONCURRENCY, map_concurrently

pytestmark = pytest.mark.lambda_runtime


def test_results_have_the_order_of_the_items():
    def slower_first(item: int) -> int:
        time.sleep((CONCURRENCY - item) * 0.002)
        return item * 2

    assert list(map_concurrently(slower_first, range(CONCURRENCY))) == [
        2 * n for n in range(CONCURRENCY)
    ]


def test_as_many_as_allowed_run_concurrently():
    all_running = threading.Barrier(CONCURRENCY, timeout=60)
    assert (
        len(list(map_concurrently(lambda _: all_running.wait(), range(CONCURRENCY)))) == CONCURRENCY
    )


def test_items_are_read_only_as_far_ahead_as_requests_are_pending():
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_concurrently(lambda item: item, items())
    for expected in range(10):
        assert next(results) == expected
        assert len(taken) <= expected + 1 + CONCURRENCY


def test_items_are_read_in_the_thread_of_the_caller():
    taken: set[int] = set()

    def items() -> Iterator[int]:
        for item in range(50):
            taken.add(threading.get_ident())
            yield item

    list(map_concurrently(lambda item: item, items()))
    assert taken == {threading.get_ident()}


def test_error_is_raised_at_its_item_and_no_other_is_started():
    started: list[int] = []

    def failing(item: int) -> int:
        started.append(item)
        if item == 3:
            raise OSError("refused")
        return item

    results = map_concurrently(failing, range(1000))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="refused"):
        next(results)
    assert len(started) <= 3 + CONCURRENCY
    assert next(results, None) is None


def test_single_item_is_computed_in_the_thread_of_the_caller():
    assert list(map_concurrently(lambda _: threading.get_ident(), [1])) == [threading.get_ident()]


def test_no_items_have_no_results():
    assert list(map_concurrently(lambda item: item, [])) == []
