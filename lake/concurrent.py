"""Requests to a store, several under way at once: each waits for the network, not for us."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

CONCURRENCY = 16
"""At 40 ms a request this is 400 in a second, and as many objects at most are in memory."""


def map_concurrently(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``function`` of each item, in the order of the items, several at once in threads.

    Items are taken in this thread, and only as many ahead as are under way. The first error is
    raised in its turn; then no more is begun.
    """
    under_way: deque[Future[R]] = deque()
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        try:
            for item in items:
                if len(under_way) == CONCURRENCY:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(function, item))
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
