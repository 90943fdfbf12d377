"""Rows in a temporary file, which is open for writing."""

import tempfile
from abc import ABC, abstractmethod
from contextlib import ExitStack
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa

from ingestion_lambda.arrow_stream import arrow_stream


class TemporaryRows(ABC):
    """A temporary file and its writer, which exist for the length of the block."""

    _file: BinaryIO
    _writer: Any  # a writer of pyarrow, which has no types

    @abstractmethod
    def _open(self, stream: pa.NativeFile) -> Any:
        """Return a writer to ``stream``."""

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._file = opened.enter_context(tempfile.TemporaryFile())
            self._stream = opened.enter_context(arrow_stream(self._file))
            self._writer = opened.enter_context(self._open(self._stream))
            self._opened = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.close()

    def _end(self) -> None:
        """End the writing, so that the file has every row."""
        self._writer.close()
        self._stream.close()
