"""The map of a table's mirror, bucket -> object: in the entry while it is small, else in pages.

A batch that changes one row writes one page, and its entry names the others (docs/adr/0028).
"""

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import msgspec

from lake import layout
from lake.concurrent import map_concurrently
from lake.entries import Batch, Bucket, Page, PageContent
from lake.errors import InvalidLake
from lake.landing import put_own
from lake.store import Store

INLINE = 4
"""Buckets of a map that an entry holds itself: the map of a table of up to 65,536 keys."""

SHIFT = 7
"""A page holds 128 buckets, 3.3 kB. At 100 million rows a table has 48 pages, whose names take
5 kB of an entry: fewer and larger pages, or more and smaller ones, write more in all."""

Buckets = Mapping[int, Bucket]
T = TypeVar("T", Bucket, Page)


@dataclass(frozen=True)
class MirrorMap:
    """The map of a table as a batch left it; pages are fetched when their buckets are asked for.

    Maps of two batches are equal if their mirrors are. A page that has expired raises NotFound.
    """

    store: Store = field(compare=False, repr=False)
    table: str
    inline: Buckets = field(default_factory=dict)
    pages: Mapping[int, Page] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The rows of the mirror; no page is fetched."""
        return sum(part.rows for parts in (self.inline, self.pages) for part in parts.values())

    @cached_property
    def buckets(self) -> dict[int, Bucket]:
        """The whole map. Its pages are fetched once, and concurrently."""
        return {**self.inline, **self._fetch(self.pages)}

    def differing(self, other: "MirrorMap") -> tuple[dict[int, Bucket], dict[int, Bucket]]:
        """Return the buckets of this map and of the other one that differ. Pages that both have are
        not fetched."""
        mine, others = (
            {**one.inline, **one._fetch(_without(one.pages, two.pages))}
            for one, two in ((self, other), (other, self))
        )
        return _without(mine, others), _without(others, mine)

    def own_keys(self, other: "MirrorMap") -> set[str]:
        """Return the keys of the objects, pages included, that the other map does not have."""
        own, _ = self.differing(other)
        pages = _without(self.pages, other.pages)
        return {bucket.key for bucket in own.values()} | {
            _key(self.table, number, page) for number, page in pages.items()
        }

    def put(self, buckets: Buckets, seq: int, run: str) -> "MirrorMap":
        """Return the map with these buckets, after writing those of its pages that this one does
        not have. Without a difference nothing is written, and the map stays as it is."""
        if buckets == self.buckets:
            return self
        if len(buckets) <= INLINE:
            return MirrorMap(self.store, self.table, buckets)
        old = _by_page(self.buckets) if self.pages else {}
        new = _by_page(buckets)
        changed = {n: Page(seq, run, _rows(new[n])) for n in new if new[n] != old.get(n)}
        bodies = ((_key(self.table, n, page), _encode(new[n])) for n, page in changed.items())
        for _ in map_concurrently(lambda one: put_own(self.store, *one), bodies):
            pass
        pages = {n: changed.get(n) or self.pages[n] for n in new}
        return MirrorMap(self.store, self.table, pages=pages)

    def _fetch(self, pages: Mapping[int, Page]) -> dict[int, Bucket]:
        keys = (_key(self.table, number, page) for number, page in pages.items())
        found = dict[int, Bucket]()
        for content in map_concurrently(self._read, keys):
            found.update(content)
        return found

    def _read(self, key: str) -> Buckets:
        try:
            body = gzip.decompress(self.store.get(key))
            return msgspec.json.decode(body, type=PageContent).buckets
        except (ValueError, OSError, EOFError) as wrong:
            raise InvalidLake(
                f"{self.store.uri(key)} is not a page that this version can read: {wrong}. To fix:"
                " use the version that wrote it, or restore the object."
            ) from wrong


def mirror_map(store: Store, batch: Batch | None, table: str) -> MirrorMap:
    """Return the map of a table as of a batch; without a batch, or of a table that the batch does
    not know, an empty one."""
    if batch is None:
        return MirrorMap(store, table)
    return MirrorMap(store, table, batch.mirror.get(table, {}), batch.pages.get(table, {}))


def mirror_rows(batch: Batch) -> int:
    """Return the rows of all mirrors of a batch; nothing is fetched."""
    buckets = (bucket.rows for each in batch.mirror.values() for bucket in each.values())
    pages = (page.rows for each in batch.pages.values() for page in each.values())
    return sum(buckets) + sum(pages)


def superseded_keys(store: Store, before: Batch, after: Batch) -> set[str]:
    """Return the keys of the objects of mirrors, pages included, that ``before`` has and ``after``
    does not. Only pages that differ are fetched."""
    return {
        key
        for table in before.mirror
        for key in mirror_map(store, before, table).own_keys(mirror_map(store, after, table))
    }


def _without(mine: Mapping[int, T], others: Mapping[int, T]) -> dict[int, T]:
    return {number: one for number, one in mine.items() if others.get(number) != one}


def _key(table: str, number: int, page: Page) -> str:
    return layout.mirror_page_key(table, number, page.seq, page.run)


def _by_page(buckets: Buckets) -> dict[int, dict[int, Bucket]]:
    pages: dict[int, dict[int, Bucket]] = {}
    for number in sorted(buckets):
        pages.setdefault(number >> SHIFT, {})[number] = buckets[number]
    return pages


def _rows(buckets: Buckets) -> int:
    return sum(bucket.rows for bucket in buckets.values())


def _encode(buckets: Buckets) -> io.BytesIO:
    body = msgspec.json.encode(PageContent(buckets))
    return io.BytesIO(gzip.compress(body, mtime=0))  # the same bytes whenever it is repeated
