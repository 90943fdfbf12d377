import pytest

from totesys.dashboard.designs import _unlike


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["Steel"], "Others"),
        (["Steel", "Others"], "All others"),
        (["All others", "Others"], "All all others"),
    ],
)
def test_rest_has_a_name_that_no_design_has(names: list[str], told: str):
    assert _unlike(names, "Others") == told
