"""Where a PostgreSQL database is and who we are there."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import quote, unquote, urlsplit

from postgres.errors import InvalidAddress

FORM = "postgresql://user[:password]@host:port/database"
PARAMETERS = ("sslmode", "sslrootcert")
VERIFIED = "verify-full"
AUTHORITIES = "PGSSLROOTCERT"
"""libpq's variable for the CA bundle; the Lambda and the jobs heed it too."""


@dataclass(frozen=True)
class Address:
    """A database and the user that we are there. The password never shows in ``repr``.

    ``sslrootcert`` is the file with the certificates of the authorities that may vouch for the
    server; without one a remote server is not talked to.
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
        """True where no network lies between us and the server."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:  # a name, and 127.0.0.1.example is one
            return False

    @property
    def authorities(self) -> str | None:
        """The file that a remote server is verified against; None where no network is between.

        Raises InvalidAddress where a remote server comes without one.
        """
        if self.is_local:
            return None
        if not self.sslrootcert:
            raise InvalidAddress(
                f"{self.host} is another machine, and a remote server is talked to only where TLS"
                " can verify it. Give the file with the certificates of its authority (CA bundle):"
                f" {AUTHORITIES}=FILE in the environment, or ?sslrootcert=FILE in the DSN."
            )
        return self.sslrootcert

    @property
    def jdbc_url(self) -> str:
        """The address as the PostgreSQL JDBC driver spells it, without user or password.

        Raises InvalidAddress where a remote server comes without ``sslrootcert``.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        file = self.authorities
        encryption = f"?sslmode={VERIFIED}&sslrootcert={quote(file)}" if file else ""
        return f"jdbc:postgresql://{host}:{self.port}/{self.database}{encryption}"


def from_dsn(dsn: str, environ: Mapping[str, str] = os.environ) -> Address:
    """The address in a DSN of the form ``postgresql://user[:password]@host:port/database``, which
    may go on with ``?sslrootcert=FILE``.

    What it lacks comes from ``PGPASSWORD`` and ``AUTHORITIES`` in ``environ``, as with libpq.
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
    rootcert = _parameters(parts.query).get("sslrootcert") or environ.get(AUTHORITIES)
    return Address(parts.hostname, port, database, unquote(parts.username), password, rootcert)


def _parameters(query: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    parameters = {name: unquote(value) for name, _, value in pairs}
    if not set(parameters) <= set(PARAMETERS):
        raise InvalidAddress(
            "The DSN has a parameter that we do not heed; write ?sslrootcert=FILE or nothing after"
            f" {FORM}, and a ? in a password as %3F."
        )
    if parameters.get("sslmode", VERIFIED) != VERIFIED:
        raise InvalidAddress(
            f"The DSN's sslmode is weaker than {VERIFIED}, which every remote server is met with;"
            " leave it out."
        )
    return parameters


def from_secret(text: str, environ: Mapping[str, str] = os.environ) -> Address:
    """The address in a secret as Amazon RDS keeps it: a JSON object with the keys ``host``,
    ``port``, ``dbname``, ``username`` and ``password``; the CA bundle is that of ``AUTHORITIES``
    in ``environ``. Raises InvalidAddress."""
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
            f" password ({type(wrong).__name__} while reading it); mend it in Secrets Manager."
        ) from None
