"""A check, and its finding."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from contracts import PlatformError
from operations.errors import NotSignedIn, NotThere
from operations.preflight.target import Settings, Target


class Result(StrEnum):
    """The result of a check; ``FAILED`` makes the exit status 1."""

    OK = "OK"
    FAILED = "FAILED"
    NOT_CHECKED = "NOT CHECKED"


class NotChecked(Exception):
    """A check cannot be made from here, or not yet. The message says why."""


class Failed(PlatformError):
    """A check found what would make the platform fail. The message says what to do."""


def settings(target: Target) -> Settings:
    """Return the settings of the target. Raises NotChecked if they are not known."""
    if target.settings is None:
        raise NotChecked(
            f"{target.deployment.name} is not applied, so a name does not tell its settings. Run it"
            " without --name, with the variables of Terraform."
        )
    return target.settings


@dataclass(frozen=True)
class Check:
    """A check: ``run`` returns what is fine, or raises Failed or NotChecked.

    ``actions`` are the permissions that it needs in IAM.
    """

    name: str
    run: Callable[[Target], str]
    actions: Sequence[str] = ()


@dataclass(frozen=True)
class Finding:
    """The finding of a check: one line of the output."""

    check: str
    result: Result
    text: str

    def report(self) -> dict[str, Any]:
        """Return the finding for programs."""
        return asdict(self)


def find(check: Check, target: Target) -> Finding:
    """Run a check. Raises NotSignedIn: no other check would have another result."""
    try:
        return Finding(check.name, Result.OK, check.run(target))
    except NotSignedIn:
        raise
    except NotChecked as reason:
        return Finding(check.name, Result.NOT_CHECKED, str(reason))
    except NotThere as error:
        what = str(error).partition(". ")[0]
        return Finding(check.name, Result.NOT_CHECKED, f"{what} yet.")
    except PlatformError as error:
        return Finding(check.name, Result.FAILED, str(error))
