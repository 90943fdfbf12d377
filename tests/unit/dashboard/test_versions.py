from datetime import datetime, timedelta
from typing import Any

from dashboard.versions import changed_columns, moments, version_at, versions

BEGAN = datetime(2026, 11, 1, 10)
COLUMNS = ["design_id", "units_sold", "agreed_delivery_date"]


def row(version: int, hours: int, until: int | None = None, **values: Any) -> dict[str, Any]:
    default = {"design_id": 1, "units_sold": 10, "agreed_delivery_date": None, "is_deleted": False}
    return {
        "version": version,
        "valid_from": BEGAN + timedelta(hours=hours),
        "valid_to": None if until is None else BEGAN + timedelta(hours=until),
        "batch_seq": version,
        **default,
        **values,
    }


ALL = versions(
    [
        row(1, 0, 2),
        row(2, 2, 5, design_id=2, agreed_delivery_date="soon"),
        row(3, 5, 6, design_id=2, agreed_delivery_date="soon"),
        row(4, 6, 9, design_id=2, agreed_delivery_date="soon", is_deleted=True),
        row(5, 9, design_id=3),
    ],
    COLUMNS,
)


def test_each_version_has_the_columns_that_changed_from_the_one_before():
    assert [version.changed for version in ALL] == [
        frozenset(),
        {"design_id", "agreed_delivery_date"},
        frozenset(),
        frozenset(),
        {"design_id", "agreed_delivery_date"},
    ]
    assert [version.describe("placed") for version in ALL] == [
        "placed",
        "2 fields changed",
        "no recorded field changed",
        "deleted",
        "placed again",
    ]


def test_null_and_a_value_differ():
    created, updated = versions([row(1, 0, 1), row(2, 1, units_sold=None)], COLUMNS)
    assert not created.changed
    assert updated.changed == {"units_sold"}
    assert updated.describe("placed") == "1 field changed"


def test_changed_columns_are_those_of_any_version():
    assert changed_columns(ALL) == {"design_id", "agreed_delivery_date"}
    assert changed_columns(ALL[:1]) == frozenset()


def test_slider_offers_every_change_the_time_before_and_now():
    now = BEGAN + timedelta(hours=20)
    offered = moments(ALL, now)
    assert offered == sorted(set(offered))
    assert {version.valid_from for version in ALL} <= set(offered)
    assert offered[0] < BEGAN
    assert offered[-1] == now
    between = [moment for moment in offered if ALL[1].valid_from < moment < ALL[2].valid_from]
    assert between


def test_slider_reaches_the_last_change_if_the_clock_is_behind_the_source():
    offered = moments(ALL, BEGAN)
    assert offered[-1] > ALL[-1].valid_from


def test_versions_are_half_open():
    assert version_at(ALL, BEGAN - timedelta(seconds=1)) is None
    assert version_at(ALL, BEGAN) is ALL[0]
    assert version_at(ALL, ALL[1].valid_from) is ALL[1]
    assert version_at(ALL, BEGAN + timedelta(days=9)) is ALL[-1]


def test_last_of_versions_with_the_same_start_is_valid():
    both = versions([row(1, 0, 1), row(2, 1, 1), row(3, 1)], COLUMNS)
    assert version_at(both, both[1].valid_from) is both[2]
