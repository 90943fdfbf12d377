"""The time limit of a job: it ends by itself before the limit, with what is done committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

MARGIN = 2.5
"""The next step is expected to take this many times as long as the longest one so far: it may be
twice as large."""


@dataclass(eq=False)
class TimeLimit:
    """A limit in seconds since the limit was created; 0 is none."""

    seconds: float
    longest: float = 0.0
    _start: float = field(default_factory=monotonic)

    @property
    def left(self) -> float:
        """The seconds that are left; infinite without a limit."""
        return self._start + self.seconds - monotonic() if self.seconds else float("inf")

    def has_time(self, seconds: float = 0.0) -> bool:
        """Return whether a step may begin: one that takes ``seconds``, or as long as the longest
        one so far, ends before the limit. The first step may always begin."""
        return not self.longest or self.left > max(seconds, MARGIN * self.longest)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Measure the block as a step."""
        begin = monotonic()
        yield
        self.longest = max(self.longest, monotonic() - begin)


NO_LIMIT = TimeLimit(0)
