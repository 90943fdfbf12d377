"""Days on which the whole source was compared with the mirror: one object a day."""

from datetime import date

from lake import layout
from lake.entries import Audit, decode, encode
from lake.errors import AlreadyExists, InvalidLake, NotFound
from lake.store import Store


class Audits:
    """The audits of a lake, by the day of the source's clock. Not a log: days may be missing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def has(self, day: date) -> bool:
        """Whether the day's audit is done; one request."""
        try:
            self._store.get(layout.audit_key(day))
        except NotFound:
            return False
        return True

    def of(self, day: date) -> Audit:
        """The day's audit. Raises NotFound, or InvalidLake where it cannot be read."""
        key = layout.audit_key(day)
        try:
            return decode(self._store.get(key), Audit)
        except ValueError as wrong:
            raise InvalidLake(
                f"{self._store.uri(key)} is not an audit that this version can read: {wrong}."
            ) from wrong

    def record(self, audit: Audit) -> bool:
        """Record the audit as that of its day. The first of a day stands; for the others this is
        False and changes nothing, because any of them means that the day's audit is done."""
        body = encode(audit)
        try:
            self._store.put_new(layout.audit_key(audit.observed_at.date()), body)
        except AlreadyExists:
            return False
        return True
