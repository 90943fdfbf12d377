import pytest

from totesys.dashboard.designs import unused_name


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["Steel"], "Others"),
        (["Steel", "Others"], "All others"),
        (["All others", "Others"], "All all others"),
    ],
)
def test_the_group_of_other_designs_has_a_name_that_no_design_has(names: list[str], expected: str):
    assert unused_name(names, "Others") == expected
