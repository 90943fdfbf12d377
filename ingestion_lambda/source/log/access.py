"""The access to a replication slot: by PostgreSQL's functions, which need REPLICATION, or by those
that the owner of the source made for one slot (slot_functions.sql)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from postgres import Connection, Sql, names, render, value

Statement = Literal["create", "drop", "advance", "peek", "role"]

BY_REPLICATION: Mapping[Statement, str] = {
    "create": "SELECT pg_create_logical_replication_slot({slot}, 'pgoutput')",
    "drop": "SELECT pg_drop_replication_slot({slot})",
    "advance": "SELECT pg_replication_slot_advance({slot}, {upto})",
    "peek": "pg_logical_slot_peek_binary_changes("
    "{slot}, {upto}, NULL, 'proto_version', '1', 'publication_names', {publications})",
    "role": "SELECT current_user::text",
}
BY_FUNCTIONS: Mapping[Statement, str] = {
    "create": "SELECT warehouse_log.create_slot()",
    "drop": "SELECT warehouse_log.drop_slot()",
    "advance": "SELECT warehouse_log.advance_slot({upto})",
    "peek": "warehouse_log.peek_slot({upto})",
    "role": "SELECT pg_get_userbyid(proowner)::text FROM pg_proc"
    " WHERE oid = 'warehouse_log.create_slot'::regproc",
}

FUNCTIONS_SLOT = "warehouse_log"
"""The slot of the functions, unless their owner gave it another name."""

# A role that has REPLICATION does not need the functions. One that would run with the rights of
# this role is not called: any role that may create a schema could have made it.
MAY_CALL = """
SELECT coalesce((
    SELECT bool_or(proname = 'peek_slot') AND bool_and(
        prosecdef
        AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE'))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
    WHERE nspname = 'warehouse_log'), false)
    AND EXISTS (
    SELECT FROM pg_roles WHERE rolname = current_user AND NOT rolsuper AND NOT rolreplication)
"""
NAMES = "SELECT warehouse_log.slot()::text, warehouse_log.publication()::text"


@dataclass(frozen=True)
class SlotAccess:
    """A slot, the publication that it is read of (empty if it is not), and how they are reached."""

    slot: str
    publication: str
    has_functions: bool = False

    def sql(self, statement: Statement, upto: str = "") -> Sql:
        """Return a statement; ``upto`` is an LSN. That of ``peek`` is a table of a query, that of
        ``role`` finds the role that needs REPLICATION."""
        statements = BY_FUNCTIONS if self.has_functions else BY_REPLICATION
        return render(
            statements[statement],
            slot=value(self.slot),
            publications=value(names([self.publication] if self.publication else [])),
            upto=value(upto),
        )


def find_access(
    connection: Connection, slot: str, default: str = "", publication: str = ""
) -> SlotAccess:
    """Return the access to ``slot``, or without a name to the slot ``default``.

    A role that may only call the functions reads their slot and publication. Other names are those
    of a slot and a publication that need REPLICATION.
    """
    if connection.run(MAY_CALL) == [[True]]:
        [[own, published]] = connection.run(NAMES)
        if slot in ("", own) and publication in ("", published):
            return SlotAccess(own, published, has_functions=True)
    return SlotAccess(slot or default, publication)
