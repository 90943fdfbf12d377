"""Several requests at once, in order, and never more than can be held."""

import threading
import time
from collections.abc import Iterator

import pytest

from lake.concurrent import CONCURRENCY, map_concurrently

pytestmark = pytest.mark.lambda_runtime


def test_results_come_in_the_order_of_the_items():
    def slower_first(item: int) -> int:
        time.sleep((CONCURRENCY - item) * 0.002)
        return item * 2

    assert list(map_concurrently(slower_first, range(CONCURRENCY))) == [
        2 * n for n in range(CONCURRENCY)
    ]


def test_as_many_as_allowed_run_at_once():
    all_there = threading.Barrier(CONCURRENCY, timeout=10)
    assert (
        len(list(map_concurrently(lambda _: all_there.wait(), range(CONCURRENCY)))) == CONCURRENCY
    )


def test_items_are_taken_only_as_far_ahead_as_requests_are_under_way():
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = map_concurrently(lambda item: item, items())
    for expected in range(10):
        assert next(results) == expected
        assert len(taken) <= expected + 1 + CONCURRENCY


def test_items_are_taken_in_the_thread_that_asks():
    taken: set[int] = set()

    def items() -> Iterator[int]:
        for item in range(50):
            taken.add(threading.get_ident())
            yield item

    list(map_concurrently(lambda item: item, items()))
    assert taken == {threading.get_ident()}


def test_error_is_raised_in_its_turn_and_no_more_is_begun():
    begun: list[int] = []

    def failing(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise OSError("refused")
        return item

    results = map_concurrently(failing, range(1000))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="refused"):
        next(results)
    assert len(begun) <= 3 + CONCURRENCY
    assert next(results, None) is None


def test_nothing_is_nothing():
    assert list(map_concurrently(lambda item: item, [])) == []
