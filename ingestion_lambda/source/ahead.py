"""Contexts that a thread enters, ahead of their use."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2
"""With one, the rows of a large table would wait while those of a small one are the next."""


def entered_ahead(contexts: Iterable[AbstractContextManager[T]]) -> Generator[T, None, None]:
    """Yield what each context provides, which is open until the next one is asked for.

    Meanwhile a thread enters the AHEAD following ones, one after the other. Closing the generator
    waits for the one that the thread is entering, and closes all that it entered.
    """
    coming, pending = iter(contexts), deque[Future[tuple[T, ExitStack]]]()
    with ThreadPoolExecutor(1) as pool:
        try:
            while True:
                missing = 1 + AHEAD - len(pending)
                pending.extend(pool.submit(_entered, each) for each in islice(coming, missing))
                if not pending:
                    return
                provided, opened = pending[0].result()
                pending.popleft()
                with opened:
                    yield provided
        finally:
            for future in pending:
                future.cancel()
                future.add_done_callback(_close)


def _entered(context: AbstractContextManager[T]) -> tuple[T, ExitStack]:
    with ExitStack() as opened:
        return opened.enter_context(context), opened.pop_all()


def _close(future: Future[tuple[T, ExitStack]]) -> None:
    if not future.cancelled() and not future.exception():
        _, opened = future.result()
        opened.close()
