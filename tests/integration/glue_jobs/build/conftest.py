"""Code that converts more than the code that built a lake."""

from collections.abc import Callable

import pytest

from glue_jobs.transform import conversions


@pytest.fixture
def convert_british_dates(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that lets the code convert British dates, too."""
    known = conversions.CONVERSIONS["text", "date"]
    british = f"coalesce({known}, try_cast(regexp_replace({{0}}, '^(..)/(..)/(....)$', '$3-$2-$1')"
    corrected = {**conversions.CONVERSIONS, ("text", "date"): f"{british} as date))"}
    return lambda: monkeypatch.setattr(conversions, "CONVERSIONS", corrected)
