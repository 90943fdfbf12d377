"""Distribution of the tests over the workers of pytest-xdist: ``pytest -p tests.distribution``.

A file stays on one worker, and so does a folder whose tests share an expensive state. Files of
short tests come last, so that no worker waits long for another one. Two workers begin with the
tests that need Spark, and the others with the rest: a session of Spark takes 30 seconds of a core
until it is fast, so the third worker starts none.
"""

from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has none
from xdist.workermanage import WorkerController  # type: ignore[import-untyped] # as above

TOGETHER = ("tests/e2e/dashboard/",)
WITH_SPARK = (
    "tests/e2e/",
    "tests/integration/glue_jobs/",
    "tests/integration/operations/test_reconcile.py",
)
ORDER = (*TOGETHER, *WITH_SPARK, "tests/integration/")  # then the rest
SPARK_WORKERS = 2


class ByFile(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Hands out files and folders in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what stays on one worker."""
        file: str = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Hand out the next file; to the third worker and further ones one without Spark."""
        if self.nodes.index(node) >= SPARK_WORKERS:
            without = (scope for scope in self.workqueue if not scope.startswith(WITH_SPARK))
            self.workqueue.move_to_end(next(without, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)


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
