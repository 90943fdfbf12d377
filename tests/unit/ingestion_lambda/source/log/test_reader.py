"""The log of a batch: which images it has, of which transaction, and where the next one begins."""

import io
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest

from contracts import Column, SourceTable, Type
from ingestion_lambda.source.log.messages import UnreadableLog
from ingestion_lambda.source.log.reader import LogReader
from ingestion_lambda.source.log.rows import UNCHANGED
from ingestion_lambda.source.log.transactions import Interval, Visibility
from tests.pgoutput import (
    TIME,
    begin,
    commit,
    copied,
    delete,
    insert,
    origin,
    relation,
    row,
    truncate,
    type_,
    update,
)

pytestmark = pytest.mark.lambda_runtime

OID, OTHER = 16384, 16390
TYPES = {"id": "int4", "word": "text", "at": "timestamptz", "code": "bpchar"}
KINDS = {"id": "int", "word": "text", "at": "timestamp", "code": "text"}
TABLE = SourceTable(
    "thing", "", "id", tuple(Column(c, Type.parse(k), True, "") for c, k in KINDS.items())
)
COLUMNS = ["code", "extra", "id", "word", "at"]  # the order of the source, not of the contract
THING = relation(OID, "thing", COLUMNS)
# sees all below 100, and of those above only 103
BEFORE, NOW = (
    Visibility(100, 104, frozenset({100, 101, 102})),
    Visibility(102, 110, frozenset({102, 107})),
)
Image = tuple[str, int, int, str | None]


@dataclass
class Images:
    table: SourceTable = TABLE
    truncations: list[tuple[int, int]] = field(default_factory=list)
    batches: list[pa.RecordBatch] = field(default_factory=list)

    def add(self, images: pa.RecordBatch) -> None:
        self.batches.append(images)

    @property
    def rows(self) -> list[dict[str, Any]]:
        rows = (row for batch in self.batches for row in batch.to_pylist())
        return sorted(rows, key=lambda row: row["_place"])

    @property
    def short(self) -> list[Image]:
        return [("D" if r["_is_deleted"] else "S", r["id"], r["_change"], r["word"])
                for r in self.rows]  # fmt: skip


def thing(key: int | None, word: Any = "w", at: Any = None, code: Any = "c") -> tuple[Any, ...]:
    return (code, "ignored", key, word, at)


def key_of(key: int) -> bytes:
    return row(None, None, str(key), None, None)


def read(*messages: bytes, partitions: frozenset[int] = frozenset()) -> tuple[LogReader, Images]:
    images = Images()
    reader = LogReader(Interval(BEFORE, NOW), {OID: images}, {"thing": TYPES}, partitions)
    reader.read(io.BytesIO(copied(*messages)))
    return reader, images


def one(*changes: bytes, xid: int = 100, position: int = 1000, time: int = TIME) -> list[bytes]:
    return [begin(xid, position, time), *changes, commit(position)]


def test_transactions_that_became_visible_are_numbered_in_the_order_of_their_commits():
    reader, images = read(
        *one(THING, insert(OID, *thing(1, "early")), xid=99),
        *one(insert(OID, *thing(2, "a")), insert(OID, *thing(3, "b")), xid=101),
        *one(insert(OTHER, "1"), xid=104),
        *one(insert(OID, *thing(4, "seen before")), xid=103),
        *one(update(OID, *thing(2, "c")), xid=100, time=TIME + 1),
        *one(insert(OID, *thing(5, "later")), xid=107, position=5000),
        *one(insert(OID, *thing(6, "last")), xid=110, position=6000),
    )
    assert images.short == [("S", 2, 0, "a"), ("S", 3, 0, "b"), ("S", 2, 2, "c")]
    assert reader.committed_at[2] - reader.committed_at[0] == 1
    assert reader.pending == 5000


def test_log_without_a_later_transaction_has_no_pending_position():
    assert read(*one(THING, insert(OID, *thing(1))))[0].pending is None


def test_values_are_those_that_the_poll_reads():
    _, images = read(
        *one(THING, insert(OID, *thing(1, "é", "2024-02-29 23:59:59.123456+05:30", "ab   "))),
        *one(insert(OID, *thing(2, None, "infinity", None)), xid=101),
    )
    first, second = images.rows
    assert (first["word"], first["code"]) == ("é", "ab")
    assert first["at"].isoformat() == "2024-02-29T23:59:59.123456"
    assert (second["word"], second["code"], second["at"]) == (None, None, None)
    assert second["_unfit"] == '{"at": "infinity"}'


def test_change_of_a_key_is_a_deletion_and_a_new_row():
    _, images = read(
        *one(
            THING,
            update(OID, *thing(2, "moved"), key=key_of(1)),
            update(OID, *thing(3, "same"), old=row(*map(_text, thing(3, "before")))),
            delete(OID, None, None, "4", None, None),
            delete(OID, *thing(5), letter=b"O"),
        )
    )
    assert images.short == [
        ("D", 1, 0, None), ("S", 2, 0, "moved"), ("S", 3, 0, "same"),
        ("D", 4, 0, None), ("D", 5, 0, "w"),
    ]  # fmt: skip
    assert [r["id"] for r in images.rows if r["_is_inserted"]] == [2]


def test_value_that_was_not_sent_is_marked_with_the_number_of_its_column():
    _, images = read(
        *one(THING, update(OID, *thing(1, ..., None, ...)), update(OID, *thing(2, "sent")))
    )
    assert [(r["word"], r[UNCHANGED]) for r in images.rows] == [(None, ",1,3,"), ("sent", None)]


def test_columns_may_change_between_two_changes():
    fewer = relation(OID, "thing", ["id", "word", "at", "code"])
    _, images = read(
        *one(THING, insert(OID, *thing(1))), *one(fewer, insert(OID, "2", "x", None, "c"), xid=101)
    )
    assert images.short == [("S", 1, 0, "w"), ("S", 2, 1, "x")]


def test_truncation_has_its_place_among_the_changes():
    _, images = read(
        *one(THING, insert(OID, *thing(1))), *one(truncate(OTHER, OID), xid=101),
        *one(insert(OID, *thing(2)), xid=100),
    )  # fmt: skip
    [(place, change)] = images.truncations
    assert change == 1
    assert [r["_place"] < place for r in images.rows] == [True, False]


def test_origins_and_types_change_nothing():
    _, images = read(*one(origin(), type_(), THING, insert(OID, *thing(1))))
    assert images.short == [("S", 1, 0, "w")]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([THING, insert(OID, *thing(1))], "no transaction"),
        (one(insert(OID, *thing(1))), "does not describe"),
        ([begin(), begin(), commit()], "within another"),
        ([begin(position=1), commit(2)], "does not end its"),
        ([commit()], "does not end its"),
        ([begin()], "ends within a transaction"),
        (one(relation(OID, "thing", ["id", "word", "at"]), insert(OID, "1", "w", None)), "code"),
        (one(THING, insert(OID, *thing(None))), "no key"),
        (one(THING, insert(OID, *thing(1)) + b"x"), "does not end with"),
        (one(THING, delete(OID, *thing(1)) + b"x"), "does not end with"),
        (one(THING, update(OID, *thing(1), key=key_of(1)) + b"x"), "does not end with"),
        (one(THING, b"U" + delete(OID, *thing(1))[1:]), "after its old row"),
    ],
)  # fmt: skip
def test_log_that_makes_no_sense_is_unreadable(messages: list[bytes], reason: str):
    with pytest.raises(UnreadableLog, match=reason):
        read(*messages)


RELATION = b"\0\0\x40\0"  # 16384
CELLS = b"\0\x05" + b"t\0\0\0\x01c" + b"n" + b"t\0\0\0\x02" + b"10" + b"u" + b"n"
ONLY_KEY = b"\0\x05" + b"nn" + b"t\0\0\0\x01" + b"9" + b"nn"


@pytest.mark.parametrize(
    ("message", "images"),
    {
        b"I" + RELATION + b"N" + CELLS: [("S", 10, "c", ",1,")],
        b"U" + RELATION + b"N" + CELLS: [("S", 10, "c", ",1,")],
        b"U" + RELATION + b"K" + ONLY_KEY + b"N" + CELLS: [
            ("D", 9, None, None), ("S", 10, "c", ",1,"),
        ],
        b"U" + RELATION + b"O" + CELLS + b"N" + CELLS: [("S", 10, "c", ",1,")],
        b"D" + RELATION + b"K" + ONLY_KEY: [("D", 9, None, None)],
        b"D" + RELATION + b"O" + CELLS: [("D", 10, "c", None)],
    }.items(),
)  # fmt: skip
def test_row_is_read_byte_by_byte_as_the_manual_describes_it(message: bytes, images: list[Any]):
    _, read_ = read(*one(THING, message))
    found = [
        ("D" if r["_is_deleted"] else "S", r["id"], r["code"], r["_unchanged"]) for r in read_.rows
    ]
    assert found == images


@pytest.mark.parametrize("letters", ["IK", "IO", "DN", "UX"])
def test_row_with_a_tuple_that_its_operation_does_not_have_is_unreadable(letters: str):
    op, tuple_ = letters.encode("ascii")[:1], letters.encode("ascii")[1:]
    with pytest.raises(UnreadableLog, match="does not have"):
        read(*one(THING, op + RELATION + tuple_ + CELLS))


@pytest.mark.parametrize("end", range(1, 5 + len(b"N" + CELLS)))
def test_row_that_is_too_short_is_unreadable(end: int):
    with pytest.raises(UnreadableLog):
        read(*one(THING, (b"I" + RELATION + b"N" + CELLS)[:end]))


def test_truncated_partition_is_unreadable_because_its_rows_are_not_known():
    with pytest.raises(UnreadableLog, match="partition"):
        read(*one(THING, truncate(OID)), partitions=frozenset({OID}))


def _text(value: Any) -> Any:
    return None if value is None else str(value)
