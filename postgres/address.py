"""The address of a PostgreSQL database and the user that connects to it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from postgres.errors import InvalidAddress

FORM = "postgresql://user[:password]@host:port/database"
PARAMETERS = ("sslmode", "sslrootcert")
VERIFIED = "verify-full"
AUTHORITIES = "PGSSLROOTCERT"
"""libpq's variable for the CA bundle. The Lambda and the jobs read it too."""


@dataclass(frozen=True)
class Address:
    """A database and the user that connects to it. ``repr`` never shows the password.

    ``sslrootcert`` is the file with the certificates of the authorities that may sign the server's
    certificate. Without it a remote server is refused.
    """

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(default=None, repr=False)
    sslrootcert: str | None = None

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:  # a name, such as 127.0.0.1.example
            return False

    @property
    def authorities(self) -> str | None:
        """The file that a remote server is verified against, or None for a local server.

        Raises InvalidAddress if a remote server has none.
        """
        if self.is_local:
            return None
        if not self.sslrootcert:
            raise InvalidAddress(
                f"{self.host} is another machine, and a remote server must be verified by TLS. To"
                " fix: give the file with the certificates of its authority (CA bundle):"
                f" {AUTHORITIES}=FILE in the environment, or ?sslrootcert=FILE in the DSN."
            )
        return self.sslrootcert


def from_dsn(dsn: str, environ: Mapping[str, str] = os.environ) -> Address:
    """Return the address in a DSN ``postgresql://user[:password]@host:port/database``, which may
    end with ``?sslrootcert=FILE``.

    A missing password or file is read from ``PGPASSWORD`` and ``AUTHORITIES`` in ``environ``, as
    libpq does. Raises InvalidAddress. Its message never contains the DSN, which may have a
    password.
    """
    try:
        parts = urlsplit(dsn)
        port = parts.port or 5432
    except ValueError:  # its message may quote the DSN
        raise InvalidAddress(
            f"The host or the port in the DSN is invalid. To fix: write {FORM}, with / or # in a"
            " password as %2F or %23."
        ) from None
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgresql", "postgres"):
        raise InvalidAddress(f"The DSN does not begin with postgresql://. To fix: write {FORM}.")
    if not (parts.hostname and parts.username and database):
        raise InvalidAddress(f"The DSN has no user, host or database. To fix: write {FORM}.")
    password = unquote(parts.password) if parts.password else environ.get("PGPASSWORD")
    rootcert = _parameters(parts.query).get("sslrootcert") or environ.get(AUTHORITIES)
    return Address(parts.hostname, port, database, unquote(parts.username), password, rootcert)


def _parameters(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    parameters = {name: unquote(value) for name, _, value in pairs}
    if not set(parameters) <= set(PARAMETERS):
        raise InvalidAddress(
            "The DSN has a parameter that is not supported. To fix: write ?sslrootcert=FILE or"
            f" nothing after {FORM}, and a ? in a password as %3F."
        )
    if parameters.get("sslmode", VERIFIED) != VERIFIED:
        raise InvalidAddress(
            f"The DSN's sslmode is weaker than {VERIFIED}, which every remote server needs. To fix:"
            " remove it."
        )
    return parameters


def from_secret(text: str, environ: Mapping[str, str] = os.environ) -> Address:
    """Return the address in a secret of Amazon RDS.

    It is a JSON object with the keys ``host``, ``port``, ``dbname``, ``username`` and ``password``.
    The CA bundle is ``AUTHORITIES`` in ``environ``. Raises InvalidAddress.
    """
    try:
        secret = json.loads(text)
        return Address(
            secret["host"],
            int(secret["port"]),
            secret["dbname"],
            secret["username"],
            secret["password"],
            environ.get(AUTHORITIES),
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise InvalidAddress(
            "The database secret must be a JSON object with host, port, dbname, username and"
            f" password ({type(wrong).__name__} while reading it). To fix: edit it in Secrets"
            " Manager."
        ) from None
