"""A log whose entries cover consecutive ranges of batches."""

from collections.abc import Iterator

from lake.concurrent import map_concurrently
from lake.entries import R
from lake.errors import NotFound
from lake.log import Log


class RangeLog(Log[R]):
    """A log whose entries are numbered 1, 2, 3 ... by themselves, and cover batches 1, 2, 3 ...
    without gaps. Of two runs with ranges of different ends one commits the next entry."""

    def last_batch(self) -> int:
        """Return the last batch that is covered, or 0; two requests for a log of any length."""
        head = self.head()
        return head.last if head else 0

    def covering(self, batch: int) -> R:
        """Return the entry whose range has the batch. Raises NotFound.

        The search is by halving. A log whose entries cover one batch each is read once or twice.
        """
        entry = self.head()
        if entry is None or not 0 < batch <= entry.last:
            raise NotFound(
                f"No entry of {self.address} covers batch {batch}. To fix: run the job that writes"
                " them."
            )
        low, high = 1, min(entry.seq, batch)
        while not entry.first <= batch <= entry.last:
            # an entry has one batch at least: there are at most as many entries as batches between
            if batch < entry.first:
                low, high = max(low, entry.seq - (entry.first - batch)), min(high, entry.seq - 1)
            else:
                low, high = entry.seq + 1, min(high, entry.seq + (batch - entry.last))
            entry = self.entry((low + high) // 2)
        return entry

    def spanning(self, first: int, last: int) -> Iterator[R]:
        """Yield the entries that cover batches ``first`` to ``last``, oldest first, read
        concurrently. Raises NotFound if a batch is not covered."""
        if first > last:
            return
        numbers = range(self.covering(first).seq, self.covering(last).seq + 1)
        yield from map_concurrently(self.entry, numbers)
