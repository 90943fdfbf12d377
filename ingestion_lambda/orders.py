"""What an operator may ask of one poll beyond its routine."""

from collections.abc import Collection
from dataclasses import dataclass

from contracts import Source
from ingestion_lambda.errors import UnknownTable


@dataclass(frozen=True)
class Orders:
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


ROUTINE = Orders()
