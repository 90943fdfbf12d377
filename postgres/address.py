"""Where a PostgreSQL database is and who we are there."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from postgres.errors import InvalidAddress

FORM = "postgresql://user[:password]@host:port/database"


@dataclass(frozen=True)
class Address:
    """A database and the user that we are there. The password never shows in ``repr``."""

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def is_local(self) -> bool:
        """True where no network lies between us and the server."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def jdbc_url(self) -> str:
        """The address as the PostgreSQL JDBC driver spells it, without user or password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        encryption = "" if self.is_local else "?sslmode=verify-full"
        return f"jdbc:postgresql://{host}:{self.port}/{self.database}{encryption}"


def from_dsn(dsn: str, environ: Mapping[str, str] = os.environ) -> Address:
    """The address in a DSN of the form ``postgresql://user[:password]@host:port/database``.

    A DSN without a password takes ``PGPASSWORD`` from ``environ``, as libpq does.
    Raises InvalidAddress, which never repeats the DSN: it may hold a password.
    """
    try:
        parts = urlsplit(dsn)
        port = parts.port or 5432
    except ValueError:  # its message may quote the DSN
        raise InvalidAddress(
            f"The host or the port in the DSN is not one; write {FORM}, and characters like / or"
            " # in a password as %2F or %23."
        ) from None
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("postgresql", "postgres"):
        raise InvalidAddress(f"The DSN does not begin with postgresql://; write {FORM}.")
    if not (parts.hostname and parts.username and database):
        raise InvalidAddress(f"The DSN lacks a user, a host or a database; write {FORM}.")
    password = unquote(parts.password) if parts.password else environ.get("PGPASSWORD")
    return Address(parts.hostname, port, database, unquote(parts.username), password)


def from_secret(text: str) -> Address:
    """The address in a secret as Amazon RDS keeps it: a JSON object with the keys ``host``,
    ``port``, ``dbname``, ``username`` and ``password``. Raises InvalidAddress."""
    try:
        secret = json.loads(text)
        return Address(
            secret["host"],
            int(secret["port"]),
            secret["dbname"],
            secret["username"],
            secret["password"],
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise InvalidAddress(
            "The database secret must be a JSON object with host, port, dbname, username and"
            f" password ({type(wrong).__name__} while reading it); mend it in Secrets Manager."
        ) from None
