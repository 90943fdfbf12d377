from datetime import datetime, timedelta
from typing import Any

from dashboard.versions import changed_columns, moments, version_at, versions

BEGAN = datetime(2026, 11, 1, 10)
COLUMNS = ["design_id", "units_sold", "agreed_delivery_date"]


def row(version: int, hours: int, until: int | None = None, **values: Any) -> dict[str, Any]:
    usual = {"design_id": 1, "units_sold": 10, "agreed_delivery_date": None, "is_deleted": False}
    return {
        "version": version,
        "valid_from": BEGAN + timedelta(hours=hours),
        "valid_to": None if until is None else BEGAN + timedelta(hours=until),
        "batch_seq": version,
        **usual,
        **values,
    }


LIFE = versions(
    [
        row(1, 0, 2),
        row(2, 2, 5, design_id=2, agreed_delivery_date="soon"),
        row(3, 5, 6, design_id=2, agreed_delivery_date="soon"),
        row(4, 6, 9, design_id=2, agreed_delivery_date="soon", is_deleted=True),
        row(5, 9, design_id=3),
    ],
    COLUMNS,
)


def test_versions_tell_what_set_them_apart_from_the_one_before():
    assert [version.changed for version in LIFE] == [
        frozenset(),
        {"design_id", "agreed_delivery_date"},
        frozenset(),
        frozenset(),
        {"design_id", "agreed_delivery_date"},
    ]
    assert [version.story for version in LIFE] == [
        "placed",
        "2 fields changed",
        "changed in nothing that is kept here",
        "deleted",
        "placed again",
    ]


def test_null_and_a_value_differ():
    became, went = versions([row(1, 0, 1), row(2, 1, units_sold=None)], COLUMNS)
    assert not became.changed
    assert went.changed == {"units_sold"}
    assert went.story == "1 field changed"


def test_only_columns_that_ever_changed_are_told():
    assert changed_columns(LIFE) == {"design_id", "agreed_delivery_date"}
    assert changed_columns(LIFE[:1]) == frozenset()


def test_slider_has_every_change_what_was_before_and_now():
    now = BEGAN + timedelta(hours=20)
    chosen = moments(LIFE, now)
    assert chosen == sorted(set(chosen))
    assert {version.valid_from for version in LIFE} <= set(chosen)
    assert chosen[0] < BEGAN
    assert chosen[-1] == now
    between = [moment for moment in chosen if LIFE[1].valid_from < moment < LIFE[2].valid_from]
    assert between


def test_slider_reaches_the_last_change_where_our_clock_is_behind_the_source():
    chosen = moments(LIFE, BEGAN)
    assert chosen[-1] > LIFE[-1].valid_from


def test_version_at_a_moment_is_half_open():
    assert version_at(LIFE, BEGAN - timedelta(seconds=1)) is None
    assert version_at(LIFE, BEGAN) is LIFE[0]
    assert version_at(LIFE, LIFE[1].valid_from) is LIFE[1]
    assert version_at(LIFE, BEGAN + timedelta(days=9)) is LIFE[-1]


def test_last_of_versions_that_begin_at_once_holds():
    both = versions([row(1, 0, 1), row(2, 1, 1), row(3, 1)], COLUMNS)
    assert version_at(both, both[1].valid_from) is both[2]
