"""Iceberg tables in the objects of this endpoint, read by pyiceberg."""

import io
from typing import cast

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile
from pyiceberg.table import StaticTable

from tests.cloud.endpoint.objects import object_at


def static_table(metadata: str) -> StaticTable:
    """Return the table whose metadata is at this address."""
    return StaticTable.from_metadata(metadata, {"py-io-impl": f"{__name__}.Objects"})


class Objects(FileIO):
    """Reads the objects of this endpoint, for pyiceberg."""

    def new_input(self, location: str) -> InputFile:
        return _Object(location)

    def new_output(self, location: str) -> OutputFile:
        raise NotImplementedError(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        raise NotImplementedError(location)


class _Object(InputFile):
    def __len__(self) -> int:
        return len(object_at(self.location))

    def exists(self) -> bool:
        return True

    def open(self, seekable: bool = True) -> InputStream:
        return cast(InputStream, io.BytesIO(object_at(self.location)))
