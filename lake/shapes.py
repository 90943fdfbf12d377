"""The shapes of the contracts that a generation was built with, by fingerprint."""

import msgspec

from contracts import Warehouse
from contracts.shape import Shape, TableShape, shape
from lake import layout
from lake.errors import AlreadyExists, InvalidLake, NotFound
from lake.store import Store


class Shapes:
    """The shapes of a generation. One that exists never changes."""

    def __init__(self, store: Store, generation: int) -> None:
        self._store, self._generation = store, generation

    def keep(self, warehouse: Warehouse) -> None:
        """Store the shape of these contracts, unless it is stored."""
        body = msgspec.json.format(msgspec.json.encode(shape(warehouse)), indent=1)
        try:
            self._store.put_new(self._key(warehouse.fingerprint), body)
        except AlreadyExists:
            return

    def of(self, fingerprint: str) -> Shape | None:
        """Return the shape of the contracts of this fingerprint; None if a version built with them
        that stored no shapes. Raises InvalidLake if it cannot be read."""
        key = self._key(fingerprint)
        try:
            return msgspec.json.decode(self._store.get(key), type=dict[str, TableShape])
        except NotFound:
            return None
        except ValueError as wrong:
            raise InvalidLake(
                f"{self._store.uri(key)} is not a shape that this version can read: {wrong}. To"
                " fix: use the version that wrote it."
            ) from wrong

    def _key(self, fingerprint: str) -> str:
        return layout.shape_key(self._generation, fingerprint)
