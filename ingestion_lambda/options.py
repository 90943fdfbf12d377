"""The options of one poll, and the event that carries them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contracts import Source
from ingestion_lambda.capture.options import BY_DIFFERENCE, CaptureOptions
from ingestion_lambda.errors import InvalidOptions, UnknownTable


@dataclass(frozen=True)
class PollOptions:
    """The options of a poll.

    The tables in ``allow_mass_delete`` may lose more rows than the guard allows. The tables in
    ``reread`` are read in full. ``accept_source`` accepts a source that looks like another one.
    ``ignore_pause`` starts a run, even if the last one ended less than the pause between runs ago.
    ``capture`` says how the versions between two polls are found. ``publishes`` says that the load
    also publishes Iceberg tables, so that the event is repeated until it has done so.
    """

    allow_mass_delete: Collection[str] = ()
    reread: Collection[str] = ()
    accept_source: bool = False
    ignore_pause: bool = False
    capture: CaptureOptions = BY_DIFFERENCE
    publishes: bool = False

    def check(self, source: Source) -> None:
        """Raise UnknownTable unless the source has every table that the options name."""
        if unknown := sorted({*self.allow_mass_delete, *self.reread} - set(source.tables)):
            raise UnknownTable(
                f"The source {source.name} has no table {', '.join(unknown)}. To fix: name one of"
                f" its tables: {', '.join(source.tables)}."
            )


DEFAULT_OPTIONS = PollOptions()


def read_options(event: object) -> PollOptions:
    """Return the options in a JSON event; other keys are ignored. Raises InvalidOptions."""
    if not isinstance(event, Mapping):
        raise InvalidOptions(
            "The event must be a JSON object. To fix: send {} for a poll without options."
        )
    return PollOptions(
        _tables(event, "allow_mass_delete"),
        _tables(event, "reread"),
        _flag(event, "accept_source"),
        _flag(event, "ignore_pause"),
    )


def _flag(event: Mapping[str, Any], name: str) -> bool:
    flag = event.get(name, False)
    if isinstance(flag, bool):
        return flag
    raise InvalidOptions(f"{name} is {flag!r}. To fix: write true or false, without quotes.")


def _tables(event: Mapping[str, Any], name: str) -> Collection[str]:
    tables = event.get(name, [])
    if isinstance(tables, list) and all(isinstance(table, str) for table in tables):
        return tuple(tables)
    raise InvalidOptions(
        f"{name} is {tables!r} and must be a list of table names. To fix: write it like"
        f' "{name}": ["a_table"].'
    )
