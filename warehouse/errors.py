"""The errors of a migration, one type for each person who can fix it."""

from contracts.errors import PlatformError


class EncodingUnsupported(PlatformError):
    """The database of the warehouse cannot store every character."""

    exit_code = 2


class MigrationEdited(PlatformError):
    """A migration was edited after it had been applied; its author must restore it."""

    exit_code = 2


class NewerWarehouse(PlatformError):
    """A later version of this code has migrated the warehouse."""

    exit_code = 2


class OtherSchema(PlatformError):
    """The database already contains a warehouse, in another schema."""

    exit_code = 2


class MigrationFailed(PlatformError):
    """PostgreSQL rejected a migration; the owner of the warehouse must fix the reason."""


class OthersDepend(PlatformError):
    """A user's view reads a view that must be recreated; the user must drop it first."""


class WarehouseMismatch(PlatformError):
    """A table that already existed in the warehouse differs from its contract."""

    exit_code = 2


class QuestionMalformed(PlatformError):
    """A file in the project's ``questions/`` is not a valid question; its author must fix it."""

    exit_code = 2
