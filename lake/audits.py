"""Audits: the days on which a full read was compared with the mirror. One object a day."""

from datetime import date

from lake import layout
from lake.entries import Audit, decode, encode
from lake.errors import AlreadyExists, InvalidLake, NotFound
from lake.store import Store


class Audits:
    """The audits of a lake, by the day of the source's clock. Days may be missing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def has(self, day: date) -> bool:
        """Return whether the day's audit is done; one request."""
        try:
            self._store.get(layout.audit_key(day))
        except NotFound:
            return False
        return True

    def of(self, day: date) -> Audit:
        """Return the day's audit. Raises NotFound, or InvalidLake if it cannot be read."""
        key = layout.audit_key(day)
        try:
            return decode(self._store.get(key), Audit)
        except ValueError as wrong:
            raise InvalidLake(
                f"{self._store.uri(key)} is not an audit that this version can read: {wrong}. To"
                " fix: use the version that wrote it."
            ) from wrong

    def record(self, audit: Audit) -> bool:
        """Record the audit of its day and return whether it was the first.

        A later one changes nothing, because one audit a day is enough.
        """
        body = encode(audit)
        try:
            self._store.put_new(layout.audit_key(audit.observed_at.date()), body)
        except AlreadyExists:
            return False
        return True
