"""The errors of publishing, one type per remedy."""

from contracts.errors import PlatformError


class PublishRefused(PlatformError):
    """The published tables do not belong to this lake or to its contracts. Publish everything
    again."""


class OutdatedFile(PlatformError):
    """A file of an earlier version has no field ids, or timestamps as INT96. Replay the batches."""


class PublishFailed(PlatformError):
    """The catalog does not answer, or other publishers were always first. Publish later."""


class MissingInput(PlatformError):
    """A published table does not have a file that a compaction replaces. Compact again later."""


class ErasureUnfinished(PlatformError):
    """An erasure is running or was killed. Compact after it has ended."""


class WrongRowCount(PlatformError):
    """Files are damaged, or have more or fewer rows than the logs record. Restore the object."""


class ViewsRefused(PlatformError):
    """Athena does not create the views. Apply Terraform, or read the reason."""
