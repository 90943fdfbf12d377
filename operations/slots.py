"""The replication slots of a source: where they are, and what the server keeps for them."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from contracts import PlatformError
from ingestion_lambda.source.log.access import find_access
from operations.screen import console, section
from postgres import Address, Connection, connected

SLOTS = """
SELECT slot_name::text, coalesce(confirmed_flush_lsn::text, ''), active,
       coalesce(wal_status, ''), coalesce(pg_current_wal_lsn() - restart_lsn, 0)::bigint
FROM pg_replication_slots
WHERE database = current_database() AND plugin = 'pgoutput' ORDER BY slot_name
"""
MEGABYTE = 1 << 20


class SlotNotDropped(PlatformError):
    """The replication slot is not named or does not exist, or another session reads it."""

    exit_code = 2


@dataclass(frozen=True)
class SourceSlot:
    """A slot of the source: its position, and the bytes of WAL that the server keeps for it."""

    name: str
    position: str
    is_active: bool
    wal_status: str
    retained: int


def list_slots(address: Address) -> list[SourceSlot]:
    """Return the slots of the database that decode for pgoutput."""
    with connected(address, "slot") as connection:
        return _slots(connection)


def drop_slot(address: Address, name: str) -> str:
    """Drop the slot of that name and return its name. Raises SlotNotDropped, also without a name:
    the slot may be that of another lake on this source."""
    with connected(address, "slot") as connection:
        slots = _slots(connection)
        names = ", ".join(slot.name for slot in slots) or "none"
        if not name:
            raise SlotNotDropped(
                "The replication slot to drop is not named, and another lake may have one on this"
                f" source, too. It has: {names}. To fix: name the slot with --slot."
            )
        slot = next((slot for slot in slots if slot.name == name), None)
        if slot is None:
            raise SlotNotDropped(
                f"The source has no replication slot {name}. It has: {names}. To fix: check the"
                " name and the database."
            )
        if slot.is_active:
            raise SlotNotDropped(
                f"Another session reads the replication slot {slot.name}. To fix: wait for the end"
                " of the poll, or end that session."
            )
        connection.run(find_access(connection, slot.name).sql("drop"))
        return slot.name


def report(slots: list[SourceSlot], dropped: str) -> dict[str, Any]:
    """Return the slots for programs."""
    return {"slots": [asdict(slot) for slot in slots], "dropped": dropped or None}


def show_slots(slots: list[SourceSlot], dropped: str) -> None:
    """Print the slots as a table."""
    screen = console()
    if dropped:
        screen.print(f"Dropped: {dropped}.")
    screen.print(_table(slots) if slots else "The source has no replication slot.")


def _table(slots: list[SourceSlot]) -> Table:
    table = section("Replication slots of the source")
    table.add_column("slot", overflow="fold")
    table.add_column("position", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("WAL kept", justify="right", no_wrap=True)
    for slot in slots:
        state = "lost" if slot.wal_status == "lost" else "in use" if slot.is_active else "idle"
        table.add_row(slot.name, slot.position, state, f"{slot.retained / MEGABYTE:,.0f} MB")
    return table


def _slots(connection: Connection) -> list[SourceSlot]:
    return [SourceSlot(*row) for row in connection.run(SLOTS)]
