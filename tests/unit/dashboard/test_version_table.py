from datetime import datetime

from dashboard.fact_row import FactRow, fact
from dashboard.version_table import VersionTable
from dashboard.versions import Version

BEGAN, LATER = datetime(2026, 11, 1, 10), datetime(2026, 11, 1, 12)
ROW = FactRow(fact("fact_sales_order"), 7)
VALUES = dict.fromkeys(ROW.columns, 1)


def table(old: str, new: str, is_deleted: bool = False) -> VersionTable:
    """Return a table whose second version changes the design."""
    labels = {"design_id": {1: old, 2: new}}
    first = Version(1, BEGAN, LATER, 1, False, VALUES, frozenset())
    second = Version(
        2, LATER, None, 2, is_deleted, {**VALUES, "design_id": 2}, frozenset({"design_id"})
    )
    return VersionTable(ROW, "placed", labels, [first, second])


def test_changed_value_is_highlighted_with_the_value_before():
    shown = table("Steel", "Wood")
    html = shown.html(shown.versions, shown.changed_columns, None)
    assert shown.changed_columns == ["design_id"]
    assert '<mark>Wood (2)</mark><span class="note">was Steel (1)</span>' in html


def test_deleted_version_shows_its_last_values_struck_through():
    shown = table("Steel", "Wood", is_deleted=True)
    html = shown.html(shown.versions, shown.changed_columns, None)
    assert '<span class="deleted-value">Wood (2)</span>' in html
    assert "<mark>" not in html


def test_selected_version_is_highlighted():
    shown = table("Steel", "Wood")
    html = shown.html(shown.versions, shown.changed_columns, shown.versions[1])
    assert html.count('class="selected"') == 2  # its head and its cell


def test_values_are_escaped():
    shown = table("<b>Steel", "O'Hara & <i>")
    html = shown.html(shown.versions, shown.changed_columns, None)
    assert "O&#x27;Hara &amp; &lt;i&gt; (2)" in html
    assert "was &lt;b&gt;Steel (1)" in html
