"""Concurrent requests to a store. Each of them mostly waits for the network."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

CONCURRENCY = 16
"""Requests at a time: 400 a second at 40 ms each. At most as many objects are in memory."""


def map_concurrently(
    function: Callable[[T], R], items: Iterable[T], ahead: int = CONCURRENCY
) -> Iterator[R]:
    """Yield ``function`` of each item in the order of the items, computed in threads.

    Items are read in the caller's thread, and only ``ahead`` of them ahead. The first error is
    raised when its item is reached; then no other item is started. A single item is computed in
    the caller's thread: to start another one takes longer than a request to a directory.
    """
    coming = iter(items)
    first = list(islice(coming, 2))
    if len(first) == 1:
        yield function(first[0])
        return
    pending: deque[Future[R]] = deque()
    with ThreadPoolExecutor(ahead) as pool:
        try:
            for item in chain(first, coming):
                if len(pending) == ahead:
                    yield pending.popleft().result()
                pending.append(pool.submit(function, item))
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
