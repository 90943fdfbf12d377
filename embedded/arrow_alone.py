"""Run PyArrow without pandas, as the Lambda does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Hidden:
    """A finder of modules that finds no pandas and leaves other modules to the next finder."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name=name)


@contextmanager
def _hidden() -> Iterator[None]:
    finder = _Hidden()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def import_arrow_alone() -> None:
    """Import PyArrow, and let it find no pandas. It looks once, at the first value that it
    converts, and the import takes longer than a quiet poll. Others can still import pandas later.
    """
    with _hidden():
        import pyarrow as pa  # noqa: PLC0415 - --help loads nothing

        pa.scalar(0)
