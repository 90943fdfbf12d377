"""Contexts that a thread enters, ahead of their use."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from threading import Event

import pytest

from ingestion_lambda.source.ahead import AHEAD, entered_ahead

pytestmark = pytest.mark.lambda_runtime

LIMIT = 10  # seconds


@dataclass
class Contexts:
    """Numbered contexts, and what happened to them."""

    entered: list[Event] = field(default_factory=lambda: [Event() for _ in range(6)])
    open: set[int] = field(default_factory=set)
    most: int = 0

    def each(self) -> Iterator[AbstractContextManager[int]]:
        return map(self._context, range(len(self.entered)))

    @contextmanager
    def _context(self, number: int) -> Iterator[int]:
        self.open.add(number)
        self.most = max(self.most, len(self.open))
        self.entered[number].set()
        try:
            yield number
        finally:
            self.open.remove(number)

    @contextmanager
    def failing(self) -> Iterator[int]:
        """Fail if the first context was entered before."""
        if self.entered[0].is_set():
            raise LookupError("second")
        yield 1


def test_next_contexts_are_entered_while_one_is_used_and_no_more():
    contexts, used = Contexts(), []
    for number in entered_ahead(contexts.each()):
        assert number in contexts.open
        assert all(event.wait(LIMIT) for event in contexts.entered[: number + 1 + AHEAD])
        used.append(number)
    assert used == [0, 1, 2, 3, 4, 5]
    assert (contexts.open, contexts.most) == (set(), 1 + AHEAD)


def test_iterator_that_is_closed_leaves_no_context_open():
    contexts = Contexts()
    with closing(entered_ahead(contexts.each())) as entered:
        assert next(entered) == 0
        assert contexts.entered[1].wait(LIMIT)
    assert contexts.open == set()
    assert not contexts.entered[1 + AHEAD].is_set()


def test_context_that_cannot_be_entered_is_an_error_in_its_turn():
    contexts = Contexts()
    first = next(contexts.each())
    with closing(entered_ahead([first, contexts.failing()])) as entered:
        assert next(entered) == 0
        with pytest.raises(LookupError, match="second"):
            next(entered)
    assert contexts.open == set()


def test_error_of_a_context_closes_those_that_were_entered_after_it():
    contexts = Contexts()
    first, third = islice(contexts.each(), 2)
    with closing(entered_ahead([first, contexts.failing(), third])) as entered:
        next(entered)
        assert contexts.entered[1].wait(LIMIT)
        with pytest.raises(LookupError, match="second") as raised:
            next(entered)
    assert raised.traceback  # an error refers to all that its functions held
    assert contexts.open == set()
