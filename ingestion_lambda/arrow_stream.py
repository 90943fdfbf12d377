"""Streams by which Arrow writes to files of Python."""

from typing import BinaryIO

import pyarrow as pa

BUFFER = 1 << 20


def arrow_stream(file: BinaryIO) -> pa.NativeFile:
    """Return a stream that appends to the file, which stays open when the stream is closed.

    Arrow writes in many small parts. For each part that it gives to a file of Python it waits for
    the interpreter's lock, which another thread may hold, so the file gets larger ones. Arrow
    ignores how many bytes a file has written: the buffered one of Python writes all, or raises
    OSError if the disk is full.
    """
    writer = open(file.fileno(), "wb", closefd=False)  # noqa: SIM115 - a descriptor
    return pa.BufferedOutputStream(pa.PythonFile(writer, "w"), BUFFER)
