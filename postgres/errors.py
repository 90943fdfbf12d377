"""Errors between the platform and a PostgreSQL server: one class for each remedy."""

from contracts.errors import PlatformError


class InvalidAddress(PlatformError):
    """A DSN or a secret does not describe a database."""

    exit_code = 2


class InvalidReference(PlatformError):
    """The argument that names a database has a form that is not supported."""

    exit_code = 2


class Unreachable(PlatformError):
    """No server answers at the address, or the connection to it broke."""


class Refused(PlatformError):
    """The server refuses the connection: wrong user, password or database."""


class NotAuthenticated(Refused):
    """The server does not accept the user with this password."""


class StartupRefused(Refused):
    """A pooler refuses a parameter of the connection."""


class Unverified(PlatformError):
    """The server cannot prove its identity. It received nothing from us."""


class QueryFailed(PlatformError):
    """The server refuses a statement that it should accept."""


class LockTimeout(QueryFailed):
    """A statement waited too long for a lock that another session holds."""
