"""Distribution of the tests over the workers of pytest-xdist: ``pytest -p tests.distribution``.

A file stays on one worker, and so does a folder whose tests share an expensive state. Files of
short tests come last, so that no worker waits long for another one.
"""

from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has none

TOGETHER = ("tests/e2e/dashboard/",)
ORDER = (*TOGETHER, "tests/e2e/", "tests/integration/")  # then the rest


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Hands out files and folders in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what stays on one worker."""
        file: str = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Use ByFile for any --dist."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Sort the tests by folder, after pytest-randomly has shuffled them."""
    yield
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next(
        (place for place, folder in enumerate(ORDER) if item.nodeid.startswith(folder)), len(ORDER)
    )
