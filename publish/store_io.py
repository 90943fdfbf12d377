"""pyiceberg's files in the stores of a lake."""

import io
from collections.abc import Sequence
from types import TracebackType
from typing import cast
from urllib.parse import quote

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties

from lake import NotFound, Store, open_store
from publish.errors import PublishRefused

INGESTION, PROCESSED = "lake.ingestion", "lake.processed"
"""Properties of a catalog: the addresses of the two stores."""


class StoreIO(FileIO):
    """Reads and writes through the stores, which flush what they write and use the credentials of
    the platform. It deletes nothing: a commit that was reported as failed may have succeeded, and
    then its manifests are in use."""

    def __init__(
        self, properties: Properties = EMPTY_DICT, stores: Sequence[Store] | None = None
    ) -> None:
        super().__init__(properties)
        self._stores = stores or [open_store(properties[name]) for name in (PROCESSED, INGESTION)]

    def new_input(self, location: str) -> InputFile:
        """Return the file. Raises PublishRefused if it is not in this lake."""
        return _Input(location, *self._place(location))

    def new_output(self, location: str) -> OutputFile:
        """Return a file to write. Raises PublishRefused if it is not in this lake."""
        return _Output(location, *self._place(location))

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Do nothing."""

    def _place(self, location: str) -> tuple[Store, str]:
        for store in self._stores:
            if location.startswith(root := folder_of(store)):
                return store, location.removeprefix(root)
        raise PublishRefused(
            f"The published tables name {location}, which is not in this lake: the lake was copied"
            " or moved. To fix: publish everything again (`publish --again`)."
        )


def address_of(store: Store) -> str:
    """Return the address at which `lake.open_store` opens the store."""
    scheme, _, path = store.uri("").partition("://")
    return f"{scheme}://{quote(path) if scheme == 'file' else path}"


def folder_of(store: Store) -> str:
    """Return the address below which all objects of the store are."""
    return store.uri("_").removesuffix("_")


class _Input(InputFile):
    def __init__(self, location: str, store: Store, key: str) -> None:
        super().__init__(location)
        self._store, self._key = store, key

    def __len__(self) -> int:
        return len(self._store.get(self._key))

    def exists(self) -> bool:
        try:
            self._store.get(self._key)
        except NotFound:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - of pyiceberg
        return cast(InputStream, io.BytesIO(self._store.get(self._key)))


class _Output(OutputFile):
    def __init__(self, location: str, store: Store, key: str) -> None:
        super().__init__(location)
        self._store, self._key = store, key

    def __len__(self) -> int:
        return len(self._store.get(self._key))

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._store, self._key)

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: ARG002 - of pyiceberg
        return cast(OutputStream, _Upload(self._store, self._key))


class _Upload(io.BytesIO):
    """A new object, written when it is closed, unless an error ended the block."""

    def __init__(self, store: Store, key: str) -> None:
        super().__init__()
        self._store, self._key = store, key

    def close(self) -> None:
        if not self.closed:
            body = self.getvalue()
            super().close()
            self._store.put_new(self._key, body)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            super().close()
