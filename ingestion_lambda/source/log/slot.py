"""The replication slot: the position from which PostgreSQL keeps its log for us."""

import re
import time
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError

from ingestion_lambda.source.log.access import SlotAccess
from postgres import Connection, render, sqlstate, value

PLUGIN = "pgoutput"
CREATE_TIMEOUT = 5.0
"""Seconds. The creation waits for every transaction of the cluster that has written."""

BUSY_TIMEOUT = 5.0
"""Seconds to wait for a slot that another session reads."""

BUSY, BEYOND, EXISTS = "55006", "22023", "42710"
INTERVAL = 0.05

STATE = """
SELECT plugin, database = current_database() AND NOT temporary, confirmed_flush_lsn::text,
       coalesce(wal_status, '') = 'lost',
       coalesce(pg_current_wal_lsn() - restart_lsn, 0)::bigint,
       concat_ws(', ', pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())
FROM pg_replication_slots WHERE slot_name = {slot}
"""
# The lock on its own id is held by every transaction, prepared ones included, until it is visible.
WRITERS = """
SELECT DISTINCT transactionid::text FROM pg_locks
WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
"""


@dataclass(frozen=True)
class Slot:
    """A slot as it is now.

    ``is_ours`` is false for one of another plugin or database; a ``lost`` one has lost log that
    it should keep. ``position`` is the LSN whose transactions and all later ones it shows,
    0 while another session creates the slot; ``retained`` the bytes of WAL that the server keeps
    for it. ``server_start`` is the last start of the server and the last reset of its statistics,
    which a crash of a process causes.
    """

    name: str
    is_ours: bool
    is_lost: bool
    position: int
    retained: int
    server_start: str


def slot_name(lake: str) -> str:
    """Return the name of the slot of a lake: letters, digits and underscores."""
    return f"warehouse_{re.sub('[^a-z0-9]', '_', lake.lower())}"[:63]


def lsn(text: str) -> int:
    """Return the position that PostgreSQL writes as two hexadecimal numbers. Raises ValueError."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def as_text(position: int) -> str:
    """Return a position as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def find_slot(connection: Connection, name: str) -> Slot | None:
    """Return the slot of that name, or None."""
    for plugin, is_here, position, is_lost, retained, started in connection.run(
        render(STATE, slot=value(name))
    ):
        is_ours = plugin == PLUGIN and is_here
        return Slot(name, is_ours, is_lost, lsn(position or "0/0"), retained, started)
    return None


def create_slot(connection: Connection, access: SlotAccess) -> bool:
    """Create the slot and return whether it is there, within CREATE_TIMEOUT. Another
    session may create the same one: both wait for it.

    The connection must have that statement timeout and no transaction. A transaction that began
    during the creation may commit to the log before the slot's position, and become visible later:
    the slot is only good once those have ended.
    """
    deadline = time.monotonic() + CREATE_TIMEOUT
    is_own = _create(connection, access)
    while _is_being_created(connection, access.slot):
        if time.monotonic() > deadline:
            return True  # with position 0
        time.sleep(INTERVAL)
    writers = {xid for [xid] in connection.run(WRITERS)}
    while writers and time.monotonic() < deadline:
        time.sleep(INTERVAL)
        writers &= {xid for [xid] in connection.run(WRITERS)}
    if writers and is_own:
        drop_slot(connection, access)
    return not writers


def _create(connection: Connection, access: SlotAccess) -> bool:
    """Create the slot, and return whether it did not exist."""
    try:
        connection.run(access.sql("create"))
    except DatabaseError as error:
        if sqlstate(error) != EXISTS:
            raise
        return False
    return True


def _is_being_created(connection: Connection, name: str) -> bool:
    slot = find_slot(connection, name)
    return slot is not None and not slot.position


def drop_slot(connection: Connection, access: SlotAccess) -> None:
    """Drop the slot, so that the server can remove its log. A session that has just ended may hold
    it for a moment."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.run(access.sql("drop"))
        except DatabaseError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(INTERVAL)
        else:
            return


def advance_slot(connection: Connection, access: SlotAccess, position: int) -> None:
    """Let the slot begin at ``position``, unless it is there or beyond already."""
    try:
        connection.run(access.sql("advance", as_text(position)))
    except DatabaseError as error:
        if sqlstate(error) != BEYOND:
            raise


def is_busy(error: DatabaseError) -> bool:
    """Return whether the slot is read by another session."""
    return sqlstate(error) == BUSY
