"""The map of a mirror, in the entry or in pages: small whatever the table's size."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from lake import InvalidLake, NotFound, Store, layout, mirror_map
from lake.entries import Batch, Bucket, Changes, File, Position, decode, encode
from lake.mirror_map import MirrorMap, superseded_keys
from lake.store import Body

pytestmark = pytest.mark.lambda_runtime

BUCKET_ROWS = 1 << 14
MILLION = 1_000_000
LARGEST_WRITE = 20_000
TABLES = 11


@dataclass
class Memory:
    """Objects in memory, with the count and the bytes of its requests."""

    objects: dict[str, bytes] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    written: int = 0

    @property
    def store(self) -> Store:
        return cast(Store, self)

    def uri(self, key: str) -> str:
        return key

    def put_new(self, key: str, body: Body) -> None:
        self.requests["put"] += 1
        self.objects[key] = body if isinstance(body, bytes) else body.read()
        self.written += len(self.objects[key])

    def get(self, key: str) -> bytes:
        self.requests["get"] += 1
        if key not in self.objects:
            raise NotFound(key)
        return self.objects[key]


def bucket(table: str, number: int, seq: int, rows: int = BUCKET_ROWS) -> Bucket:
    run = f"{datetime(2024, 1, 1) + timedelta(minutes=30 * seq):%Y%m%dT%H%M%SZ}-{seq * 7919:08x}"
    return Bucket(layout.mirror_key(table, number, seq, run), rows)


def entry(seq: int, maps: Mapping[str, MirrorMap]) -> Batch:
    changes = Changes(File("totesys/payment/part.parquet", 1, 9_000, "0" * 64), 0, 1, 0)
    return Batch(
        seq=seq,
        run=f"20340101T103000Z-{seq:08x}",
        committed_at=datetime(2034, 1, 1, tzinfo=UTC),
        lake="20240101T103000Z-00000001",
        observed_at=datetime(2034, 1, 1, 0, 0, 0, 1),
        position=Position(10**9, 10**9, 10**9, {"system_identifier": "7" * 19, "database": "16"}),
        tables={"payment": changes},
        mirror={name: each.inline for name, each in maps.items()},
        pages={name: each.pages for name, each in maps.items() if each.pages},
    )


def large(store: Store, table: str, rows: int) -> MirrorMap:
    """Return the map of a table after ten years: its buckets are of many batches."""
    seqs = random.Random(rows)
    numbers = range(-(-rows // BUCKET_ROWS))
    buckets = {number: bucket(table, number, seqs.randint(1, 175_000)) for number in numbers}
    return MirrorMap(store, table).put(buckets, 175_000, "20340101T100000Z-00000000")


def in_one_table(store: Store, rows: int) -> dict[str, MirrorMap]:
    """Return maps of which one has nearly all rows, and the others are as large as fit in line."""
    small = [f"small_{number}" for number in range(TABLES - 1)]
    maps = {table: large(store, table, mirror_map.INLINE * BUCKET_ROWS) for table in small}
    return {**maps, "payment": large(store, "payment", rows)}


def in_all_tables(store: Store, rows: int) -> dict[str, MirrorMap]:
    names = ["payment", *(f"table_{number}" for number in range(TABLES - 1))]
    return {name: large(store, name, rows // TABLES) for name in names}


@pytest.mark.parametrize("millions", [0.05, 1, 10, 100])
@pytest.mark.parametrize("spread", [in_one_table, in_all_tables])
def test_one_changed_row_writes_at_most_20_kb_of_entry_and_maps(
    spread: Callable[[Store, int], dict[str, MirrorMap]], millions: float
):
    memory = Memory()
    before = spread(memory.store, int(millions * MILLION))
    committed = entry(175_001, before)
    body = encode(committed)
    memory.written, memory.requests = 0, Counter()

    seq = 175_002
    known = mirror_map.mirror_map(memory.store, decode(body, Batch), "payment")
    changed = known.put({**known.buckets, 0: bucket("payment", 0, seq)}, seq, "run")
    after = encode(entry(seq, {**before, "payment": changed}))

    assert memory.written + len(after) <= LARGEST_WRITE
    assert memory.requests["put"] == (1 if known.pages else 0)
    assert memory.requests["get"] == len(known.pages) <= 48
    assert changed.buckets[0].key == bucket("payment", 0, seq).key


def test_unchanged_map_writes_and_reads_nothing():
    memory = Memory()
    known = large(memory.store, "payment", MILLION)
    assert known.rows == 62 * BUCKET_ROWS
    memory.requests.clear()
    assert known.put(dict(known.buckets), 2, "run") is known
    assert memory.requests == Counter(get=1)


@pytest.mark.parametrize(("in_line", "shift"), [(0, 0), (2, 1), (4, 7)])
def test_map_is_what_was_put_and_each_superseded_object_is_named_once(
    monkeypatch: pytest.MonkeyPatch, in_line: int, shift: int
):
    """Chains of random changes: buckets come, change and go, and maps move into pages and back."""
    monkeypatch.setattr(mirror_map, "INLINE", in_line)
    monkeypatch.setattr(mirror_map, "SHIFT", shift)
    for seed in range(40):
        chance, memory = random.Random(seed), Memory()
        buckets: dict[int, Bucket] = {}
        batch, named, written = (
            entry(1, {"t": MirrorMap(memory.store, "t")}),
            Counter[str](),
            set[str](),
        )
        for seq in range(2, 14):
            for number in chance.sample(range(-4, 8), chance.randint(0, 4)):
                buckets.pop(number, None)
                if chance.random() < 0.7:
                    buckets[number] = bucket("t", number, seq, chance.randint(1, 9))
                    written.add(buckets[number].key)
            known = mirror_map.mirror_map(memory.store, batch, "t")
            following = entry(seq, {"t": known.put(dict(buckets), seq, f"r{seq}")})
            read = mirror_map.mirror_map(memory.store, decode(encode(following), Batch), "t")
            assert read.buckets == buckets
            assert read.rows == sum(one.rows for one in buckets.values())
            named.update(superseded_keys(memory.store, batch, following))
            batch = following
        named.update(
            superseded_keys(memory.store, batch, entry(14, {"t": MirrorMap(memory.store, "t")}))
        )
        assert named == Counter(written | memory.objects.keys())


def test_only_differing_pages_are_fetched():
    memory = Memory()
    before = large(memory.store, "payment", 10 * MILLION)
    after = before.put({**before.buckets, 200: bucket("payment", 200, 9)}, 9, "run")
    batches = entry(8, {"payment": before}), entry(9, {"payment": after})
    memory.requests.clear()
    keys = superseded_keys(memory.store, *(decode(encode(batch), Batch) for batch in batches))
    assert keys == {
        before.buckets[200].key,
        layout.mirror_page_key("payment", 1, before.pages[1].seq, before.pages[1].run),
    }
    assert memory.requests == Counter(get=2)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x1f\x8b\x08\x00", b"1234567890"])
def test_page_that_cannot_be_read_is_reported(damage: bytes):
    memory = Memory()
    known = large(memory.store, "payment", MILLION)
    (key,) = memory.objects
    memory.objects[key] = damage
    with pytest.raises(InvalidLake, match="is not a page that this version can read"):
        _ = MirrorMap(memory.store, "payment", pages=known.pages).buckets
