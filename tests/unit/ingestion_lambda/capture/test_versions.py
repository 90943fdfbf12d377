"""The versions of a bucket, compared with a model that walks through the images one by one."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import Column, SourceTable, Type
from contracts.arrow import row_schema
from ingestion_lambda.capture.states import MIRRORED, states
from ingestion_lambda.capture.versions import Versions, versions
from ingestion_lambda.mirror.difference import compare
from ingestion_lambda.source.log.rows import image_schema

pytestmark = pytest.mark.lambda_runtime

TABLE = SourceTable(
    "thing", "", "id", tuple(Column(c, Type.parse(k), True, "") for c, k in
                             {"id": "int", "word": "text", "more": "text"}.items())
)  # fmt: skip
Row = tuple[Any, Any]  # ... is a value that was not sent
Rows = dict[int, Row]
Image = tuple[int, int, Any]  # the key, its transaction, and the row, None or "truncated"

keys = st.integers(1, 3)
words = st.sampled_from([None, "", "a", "b"])
rows = st.tuples(words, words)
changes = st.lists(
    st.tuples(st.booleans(), keys, st.one_of(rows, rows, st.none(), st.just("truncated"))),
    max_size=12,
)


def table_of(rows: Rows) -> pa.Table:
    every = [{"id": k, "word": rows[k][0], "more": rows[k][1]} for k in sorted(rows)]
    return pa.Table.from_pylist(every, row_schema(TABLE))


class Moved(tuple[Any, ...]):
    """A row that came to its key from another one."""

    __slots__ = ()


class Gone(tuple[Any, ...]):
    """A row that was deleted, whose values the log has."""

    __slots__ = ()


def images_of(images: list[Image]) -> tuple[pa.Table, list[tuple[int, int]]]:
    every, truncations = [], []
    for place, (key, change, row) in enumerate(images):
        if row == "truncated":
            truncations.append((place, change))
            continue
        state: dict[str, Any] = {"id": key, "_place": place, "_change": change}
        values = row or (None, None)
        unsent = [n for n, v in enumerate(values, 1) if v is ...]
        state |= {"word": values[0], "more": values[1]}
        state["_is_deleted"] = row is None or isinstance(row, Gone)
        state["_is_inserted"] = isinstance(row, Moved)
        state = {k: None if v is ... else v for k, v in state.items()}
        state["_unchanged"] = f",{','.join(map(str, unsent))}," if unsent else None
        every.append(state)
    return pa.Table.from_pylist(every, image_schema(TABLE)), truncations


def found(before: Rows, images: list[Image], after: Rows) -> Versions:
    old, new = table_of(before), table_of(after)
    gone = pa.array([k for k in before if k not in after], pa.int32())
    return versions(TABLE, compare(old, new, gone, "id"), *images_of(images))


def as_set(result: Versions) -> set[tuple[Any, ...]]:
    rows = result.rows.to_pylist()
    every = zip(rows, result.ops.to_pylist(), result.changes.to_pylist(), strict=True)
    return {(row["id"], change, op, (row["word"], row["more"])) for row, op, change in every}


def modelled(before: Rows, images: list[Image]) -> tuple[set[tuple[Any, ...]], Rows]:
    """Return the versions, and the rows after them."""
    rows, versions_ = dict(before), set()
    for change in sorted({change for _, change, _ in images}):
        after = dict(rows)
        for key, of, row in images:
            if of == change and row == "truncated":
                after.clear()
            elif of == change and row is None:
                after.pop(key, None)
            elif of == change:
                after[key] = row
        for key in rows.keys() | after.keys():
            if rows.get(key) != after.get(key):
                op = "I" if key not in rows else "U" if key in after else "D"
                versions_.add((key, change, op, after.get(key, rows.get(key))))
        rows = after
    return versions_, rows


@given(st.dictionaries(keys, rows), changes)
def test_there_is_one_version_for_each_transaction_that_changed_a_row(
    before: Rows, written: list[tuple[bool, int, Any]]
):
    images, change = [], 0
    for is_next, key, row in written:
        change += is_next
        images.append((key, change, row))
    expected, after = modelled(before, images)
    result = found(before, images, after)
    assert as_set(result) == expected
    assert result.rows.num_rows == len(expected)
    assert result.unexplained == 0


@given(st.dictionaries(keys, rows), changes, st.dictionaries(keys, rows))
def test_row_whose_last_state_is_another_lands_as_the_difference(
    before: Rows, written: list[tuple[bool, int, Any]], after: Rows
):
    images = [(key, number, row) for number, (_, key, row) in enumerate(written)]
    expected, logged = modelled(before, images)
    found_ = found(before, images, after)
    result, every = as_set(found_), before.keys() | after.keys() | logged.keys()
    assert found_.unexplained == sum(logged.get(key) != after.get(key) for key in every)
    for key in every:
        of_key = {version for version in result if version[0] == key}
        if logged.get(key) == after.get(key):
            assert of_key == {version for version in expected if version[0] == key}
        elif before.get(key) == after.get(key):
            assert of_key == set()
        else:
            op = "I" if key not in before else "U" if key in after else "D"
            assert of_key == {(key, None, op, after.get(key, before.get(key)))}


def test_value_that_was_not_sent_is_that_of_the_state_before():
    images: list[Image] = [
        (1, 0, ("b", ...)),
        (1, 1, (..., "n")),
        (2, 1, ("x", "y")),
        (2, 2, (..., ...)),
    ]
    result = found({1: ("a", "m")}, images, {1: ("b", "n"), 2: ("x", "y")})
    assert as_set(result) == {
        (1, 0, "U", ("b", "m")), (1, 1, "U", ("b", "n")), (2, 1, "I", ("x", "y")),
    }  # fmt: skip


def test_row_with_a_value_that_nothing_shows_lands_as_the_difference():
    images: list[Image] = [(2, 0, ("b", ...)), (3, 0, None), (3, 1, ("c", ...))]
    result = found(
        {1: ("a", "m"), 3: ("a", "m")}, images, {1: ("a", "m"), 2: ("b", "m"), 3: ("c", "m")}
    )
    assert as_set(result) == {(2, None, "I", ("b", "m")), (3, None, "U", ("c", "m"))}
    assert result.unexplained == 2


def test_reload_of_equal_rows_makes_no_version():
    rows: Rows = dict.fromkeys(range(1, 50), ("a", "b"))
    images: list[Image] = [(0, 0, "truncated"), *((k, 0, row) for k, row in rows.items())]
    assert as_set(found(rows, images, rows)) == set()


def test_truncations_without_a_row_between_them_make_no_states():
    truncations = [(place, place) for place in range(1, 101)]
    image, _ = images_of([(2, 0, ("a", None))])
    found_ = states(TABLE, table_of({1: ("a", None)}), image, truncations)
    assert found_["id"].to_pylist() == [1, 1, 2, 2]
    assert found_["_change"].to_pylist() == [MIRRORED, 1, 0, 1]


def test_row_that_lived_and_died_between_two_polls_is_two_versions():
    result = found({}, [(1, 3, ("a", None)), (1, 5, None)], {})
    assert as_set(result) == {(1, 3, "I", ("a", None)), (1, 5, "D", ("a", None))}


def test_key_that_two_rows_swap_stays_and_has_the_newer_row():
    a, b = ("a", None), ("b", None)
    images: list[Image] = [
        (1, 0, Gone(a)), (2, 0, Moved(a)), (2, 0, Gone(b)), (1, 0, Moved(b)),
        (2, 1, ("c", None)),
    ]  # fmt: skip
    result = found({1: a, 2: b}, images, {1: b, 2: ("c", None)})
    assert as_set(result) == {(1, 0, "U", b), (2, 0, "U", a), (2, 1, "U", ("c", None))}
    assert result.unexplained == 0


@pytest.mark.parametrize("gone", [None, ("a", None)])
def test_key_lands_as_the_difference_if_the_log_does_not_tell_which_row_left_it(gone: Any):
    a, b, c = ("a", None), ("b", None), ("c", None)
    left = None if gone is None else Gone(gone)
    images: list[Image] = [(1, 0, Gone(a)), (2, 0, Moved(a)), (2, 0, left), (3, 0, Moved(a))]
    images += [(2, 1, c)]
    result = found({1: a, 2: b}, images, {2: c, 3: a})
    assert as_set(result) == {(1, 0, "D", a), (2, None, "U", c), (3, 0, "I", a)}


def test_value_that_was_not_sent_of_a_row_from_another_key_is_unknown():
    images: list[Image] = [
        (2, 0, Moved(("a", ...))), (2, 0, Gone(("b", "m"))), (2, 0, ("d", ...)),
    ]  # fmt: skip
    result = found({2: ("b", "m")}, images, {2: ("d", "n")})
    assert as_set(result) == {(2, None, "U", ("d", "n"))}
