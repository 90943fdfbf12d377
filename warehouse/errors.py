"""What can go wrong while the warehouse is made, by who must act."""

from contracts.errors import PlatformError


class MigrationEdited(PlatformError):
    """A migration that was applied has changed since; whoever edited it must act."""

    exit_code = 2


class NewerWarehouse(PlatformError):
    """A later version of this code has migrated the warehouse."""

    exit_code = 2


class OtherSchema(PlatformError):
    """The database holds a warehouse already, in another schema."""

    exit_code = 2


class MigrationFailed(PlatformError):
    """PostgreSQL refuses a migration; the warehouse's owner must act."""


class OthersDepend(PlatformError):
    """Somebody's own views read a view that must be made again; whoever made them must act."""


class WarehouseMismatch(PlatformError):
    """A table that stood in the warehouse already is not what its contract says."""

    exit_code = 2


class QuestionMalformed(PlatformError):
    """A file under ``totesys/questions/`` is not a question; whoever edited it must act."""

    exit_code = 2
