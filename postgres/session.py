"""The settings of a session: the same whatever the role, the database, the server or a pooler sets.

Every setting that changes a value, a wait or a durability is set here for every connection, by the
driver of Python and by that of Java alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.project import PROJECT
from postgres.sql import Sql, names, render, value

TRACKED = ("DateStyle", "TimeZone", "client_encoding", "standard_conforming_strings")
"""Settings that a pooler keeps for each client, even if transactions share its connections."""

MARKER = f"{PROJECT}.session"
"""A setting of our own. A session that has it received all settings from us; one that does not is
behind a pooler that passes on only some."""

SINCE = {"idle_session_timeout": 14, "transaction_timeout": 17}
"""First major version of PostgreSQL with a setting."""


@dataclass(frozen=True)
class Session:
    """Settings of a session. Times are in seconds; 0 means no limit.

    ``zone`` is the time zone of the session's clock. ``search_path`` lists schemas, which
    PostgreSQL searches after pg_catalog. With ``row_security`` rows that policies hide are left
    out; without it reading them is an error. ``lock_timeout`` limits each wait for a lock.
    """

    zone: str = "UTC"
    search_path: tuple[str, ...] = ("public",)
    is_read_only: bool = False
    row_security: bool = False
    lock_timeout: float = 60.0
    statement_timeout: float = 0.0
    transaction_timeout: float = 0.0

    @property
    def settings(self) -> dict[str, str]:
        """The settings that every supported version of PostgreSQL has."""
        return {
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "postgres",
            "TimeZone": self.zone,
            "array_nulls": "on",
            "bytea_output": "hex",
            "client_encoding": "UTF8",
            "default_transaction_deferrable": "off",
            "default_transaction_isolation": "read committed",
            "default_transaction_read_only": "on" if self.is_read_only else "off",
            "extra_float_digits": "1",
            "idle_in_transaction_session_timeout": "0",
            "lock_timeout": _milliseconds(self.lock_timeout),
            "quote_all_identifiers": "off",
            "row_security": "on" if self.row_security else "off",
            "search_path": names(self.search_path or ["pg_catalog"]),
            "standard_conforming_strings": "on",  # a backslash in a literal is only a backslash
            "statement_timeout": _milliseconds(self.statement_timeout),
            "synchronous_commit": "on",
            "transform_null_equals": "off",
        }

    def newer_settings(self, version: int) -> dict[str, str]:
        """Return the settings that only a server of that major version, or a newer one, has."""
        settings = {
            "idle_session_timeout": "0",
            "transaction_timeout": _milliseconds(self.transaction_timeout),
        }
        return {name: text for name, text in settings.items() if version >= SINCE[name]}

    def begin(self, modes: str = "") -> Sql:
        """Return a statement that begins a transaction whose settings do not need the session's."""
        access = "read only" if self.is_read_only else "read write"
        return Sql(f"begin {modes or f'isolation level read committed {access}'}")

    def local(self, version: int) -> Sql:
        """Return statements that set everything for the transaction. They take no snapshot."""
        settings = self.settings | self.newer_settings(version)
        statements = (_set_local(name, text) for name, text in settings.items())
        return Sql("; ".join(statements))


SESSION = Session()
"""The settings of a session that asks for nothing else."""


def newer(settings: Mapping[str, str]) -> Sql:
    """Return a query that sets these settings and returns whether the session has the marker."""
    calls = (
        render("set_config({name}, {text}, false)", name=value(name), text=value(text))
        for name, text in settings.items()
    )
    is_marked = render("current_setting({marker}, true) = 'on'", marker=value(MARKER))
    branches = " ".join(f"when {call} is null then false" for call in calls)
    return Sql(f"select case when {is_marked} is not true then false {branches} else true end")


def _set_local(name: str, text: str) -> Sql:
    setting = Sql(text) if name == "search_path" else value(text)
    return render("set local {name} to {setting}", name=Sql(name), setting=setting)


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
