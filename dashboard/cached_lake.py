"""The lake of the dashboard. Its JSON objects are entries of logs and attempts, which never change,
so each of them is read once an hour."""

from dataclasses import dataclass, field
from typing import Any, cast

import streamlit as st

from dashboard.settings import Settings
from lake import Lake, Store, open_lake

CACHE_SECONDS = 3600.0
"""A lake that is restored or created again may have other entries under the same keys."""

MAX_BYTES = 64_000_000


@dataclass
class CachedStore:
    """A store that keeps the JSON objects that were read, and forgets all of them at MAX_BYTES."""

    store: Store
    bodies: dict[str, bytes] = field(default_factory=dict)
    size: int = 0

    def get(self, key: str) -> bytes:
        """Return the object's bytes. Raises NotFound or LakeUnavailable."""
        if (known := self.bodies.get(key)) is not None:
            return known
        body = self.store.get(key)
        if key.endswith(".json"):
            self._keep(key, body)
        return body

    def _keep(self, key: str, body: bytes) -> None:
        if self.size > MAX_BYTES:
            self.bodies, self.size = {}, 0
        self.bodies[key] = body
        self.size += len(body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def cached_lake(settings: Settings) -> Lake | None:
    """Return the lake in its active generation, None if its address is unknown. Raises InvalidLake,
    LakeUnavailable."""
    return _opened(settings.stores).in_use() if settings.stores else None


@st.cache_resource(ttl=CACHE_SECONDS, max_entries=10, show_spinner=False)
def _opened(stores: tuple[str, str]) -> Lake:
    lake = open_lake(*stores)
    return Lake(_cached(lake.ingestion), _cached(lake.processed))


def _cached(store: Store) -> Store:
    return cast(Store, CachedStore(store))
