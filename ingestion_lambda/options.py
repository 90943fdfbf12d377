"""What an operator may ask of one poll beyond its routine."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from contracts import Source
from ingestion_lambda.errors import InvalidOptions, UnknownTable


@dataclass(frozen=True)
class PollOptions:
    """The tables in ``allow_mass_delete`` may lose more rows than the breaker allows; those in
    ``reread`` are read in full; ``accept_source`` lets a source pass that looks like another."""

    allow_mass_delete: Collection[str] = ()
    reread: Collection[str] = ()
    accept_source: bool = False

    def check(self, source: Source) -> None:
        """Raise UnknownTable where the orders name a table that the source does not have."""
        if unknown := sorted({*self.allow_mass_delete, *self.reread} - set(source.tables)):
            raise UnknownTable(
                f"{source.name} has no table {', '.join(unknown)}; its tables are"
                f" {', '.join(source.tables)}."
            )


DEFAULT_OPTIONS = PollOptions()


def read_options(event: object) -> PollOptions:
    """What the JSON of an event orders, whatever else it holds. Raises InvalidOrders."""
    if not isinstance(event, Mapping):
        raise InvalidOptions("An event must be a JSON object; {} is the routine.")
    accept_source = event.get("accept_source", False)
    if not isinstance(accept_source, bool):
        raise InvalidOptions(
            f"accept_source must be true or false, without quotes, and is {accept_source!r}."
        )
    return PollOptions(_tables(event, "allow_mass_delete"), _tables(event, "reread"), accept_source)


def _tables(event: Mapping[str, Any], name: str) -> Collection[str]:
    tables = event.get(name, [])
    if isinstance(tables, list) and all(isinstance(table, str) for table in tables):
        return tuple(tables)
    raise InvalidOptions(
        f"{name} must be a list of tables' names, and is {tables!r}. Write it like"
        f' "{name}": ["staff"].'
    )
