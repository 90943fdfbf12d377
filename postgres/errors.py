"""What can go wrong between us and a PostgreSQL server, by who must act."""

from contracts.errors import PlatformError


class InvalidAddress(PlatformError):
    """A DSN or a secret that does not describe a database."""

    exit_code = 2


class InvalidReference(PlatformError):
    """An entry was not told, in a form that it understands, where its database is."""

    exit_code = 2


class Unreachable(PlatformError):
    """No server answers at the address."""


class Refused(PlatformError):
    """The server answers and refuses us: wrong user, password or database."""


class NotAuthenticated(Refused):
    """The server does not know the user by this password."""


class Unverified(PlatformError):
    """The server cannot prove that it is the one in the address; it was told nothing."""


class QueryFailed(PlatformError):
    """The server refuses a statement that it should take."""
