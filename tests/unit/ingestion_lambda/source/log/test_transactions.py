"""A transaction belongs to the batch whose snapshot sees it and whose predecessor's does not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_lambda.source.log.transactions import EPOCH, Interval, Visibility

pytestmark = pytest.mark.lambda_runtime

FIRST = 3


@st.composite
def histories(draw) -> tuple[list[Visibility], dict[int, int | None]]:
    """Return consecutive snapshots, and for each transaction the first that sees it, or None.

    Ids begin near a wraparound of the 32 bits, or far from one.
    """
    at = draw(st.sampled_from([FIRST, EPOCH - 20, 7 * EPOCH - 5, 3 * EPOCH + 1_000_000]))
    running, seen, snapshots, last = list[int](), dict[int, int | None](), [], at - 1
    for number in range(draw(st.integers(2, 6))):
        for _ in range(draw(st.integers(0, 6))):
            running.append(at)
            seen[at] = None
            at += draw(st.integers(1, 3))
        for xid in draw(st.permutations(running))[: draw(st.integers(0, 6))]:
            running.remove(xid)
            seen[xid] = number
            last = max(last, xid)
        xmax = last + 1  # the last finished id + 1: later ones may be in progress unlisted
        listed = [xid for xid in running if xid < xmax]
        snapshots.append(Visibility(min([*listed, xmax]), xmax, frozenset(listed)))
    return snapshots, seen


@given(histories())
def test_every_transaction_is_brought_by_exactly_one_interval(
    history: tuple[list[Visibility], dict[int, int | None]],
):
    snapshots, seen = history
    for xid, first in seen.items():
        low = xid % EPOCH
        for number, (before, now) in enumerate(pairwise(snapshots), 1):
            interval = Interval(before, now)
            assert interval.full_id(low) == xid
            assert interval.brings(low) == (first == number)
            assert interval.is_pending(low) == (first is None or first > number)


@given(st.integers(FIRST, 2**62), st.integers(1 - 2**31, 2**31 - 1))
def test_id_is_completed_to_the_nearest_of_64_bits(xmax: int, distance: int):
    now = Visibility(xmax, xmax, frozenset())
    assert Interval(now, now).full_id((xmax + distance) % EPOCH) == xmax + distance


@pytest.mark.parametrize(
    ("text", "snapshot"),
    [
        ("754:754:", Visibility(754, 754, frozenset())),
        ("756:758:756", Visibility(756, 758, frozenset({756}))),
        (f"{EPOCH}:{EPOCH + 9}:{EPOCH},{EPOCH + 3}",
         Visibility(EPOCH, EPOCH + 9, frozenset({EPOCH, EPOCH + 3}))),
    ],
)  # fmt: skip
def test_snapshot_is_read_as_postgresql_writes_it(text: str, snapshot: Visibility):
    assert Visibility.parse(text) == snapshot
