"""The group roles of a warehouse: who loads it, and who reads it.

Roles belong to the server, so two warehouses on one server share them.
"""

import logging
from collections.abc import Iterable

from pg8000.native import Connection

from contracts import Fact, Warehouse
from postgres import Sql, joined, names, render, value
from warehouse.templates import FUNCTIONS, VIEWS

LOADER, READER = "warehouse_loader", "warehouse_reader"

ROLES = "select rolname from pg_roles where rolname in ({names})"
MAY_CREATE = "select rolcreaterole or rolsuper from pg_roles where rolname = current_user"
# a migration of another warehouse on the server may be creating it
CREATE = """
do $$ begin
    create role {role} nologin;
exception when duplicate_object or unique_violation then
    null;
end $$
"""
GRANTS = {
    LOADER: (
        "grant usage on schema {schema}, etl to {role}",
        "grant create on schema etl to {role}",  # staging
        "grant select on etl.migration, etl.warehouse to {role}",
        "grant select, insert on etl.ledger, etl.retry, {facts} to {role}",
        "grant select, insert, update on {dimensions} to {role}",
    ),
    READER: (
        "grant usage on schema {schema}, etl to {role}",
        "grant select on etl.warehouse, etl.ledger, etl.retry, {dimensions}, {views} to {role}",
        "grant execute on function {functions} to {role}",
    ),
}
NUMBER_RECORDS = "grant usage on sequence {sequence} to {role}"
MAINTAIN = "grant maintain on {dimensions}, {facts}, {latest} to {role}"  # the right to ANALYZE
MAINTAIN_SINCE = 170000
VERSION = "select current_setting('server_version_num')::int"
SEQUENCE = "select pg_get_serial_sequence({table}, {column})"

logger = logging.getLogger(__name__)


def grant_roles(connection: Connection, schema: str, warehouse: Warehouse) -> None:
    """Let members of ``warehouse_loader`` load, and members of ``warehouse_reader`` read views,
    dimensions and what the warehouse says of itself. Roles that lack are created; where we may not,
    a warning says how to get them, and the owner goes on doing everything. To be called in a
    transaction, with ``schema`` entered; again and again is no harm."""
    standing = _standing(connection)
    if missing := {*GRANTS} - standing:
        standing |= _created(connection, sorted(missing))
    parts = _parts(schema, warehouse)
    for role in sorted(standing):
        for statement in GRANTS[role]:
            connection.run(render(statement, role=role, **parts))
    if LOADER in standing:
        _let_number_records(connection, warehouse.facts)
        [[version]] = connection.run(VERSION)
        if version >= MAINTAIN_SINCE:
            connection.run(render(MAINTAIN, role=LOADER, **parts))


def _standing(connection: Connection) -> set[str]:
    literals = Sql(", ".join(value(role) for role in GRANTS))
    return {name for (name,) in connection.run(render(ROLES, names=literals))}


def _created(connection: Connection, roles: Iterable[str]) -> set[str]:
    """Those of the roles that we may create."""
    [[may_create]] = connection.run(MAY_CREATE)
    if not may_create:
        wanted = " ".join(f"create role {role} nologin;" for role in roles)
        logger.warning(
            "The warehouse's group roles are not all there, and we may not create roles. All works"
            " for the owner. To have them, let an administrator run: %s Then run the migrate"
            " command.",
            wanted,
        )
        return set()
    for role in roles:
        connection.run(render(CREATE, role=role))
    return set(roles)


def _let_number_records(connection: Connection, facts: Iterable[Fact]) -> None:
    for fact in facts:
        table, column = value(names([fact.name])), value(fact.record)
        [[sequence]] = connection.run(render(SEQUENCE, table=table, column=column))
        if sequence:  # as PostgreSQL spells it; a table that was adopted may number otherwise
            connection.run(render(NUMBER_RECORDS, role=LOADER, sequence=Sql(sequence)))


def _parts(schema: str, warehouse: Warehouse) -> dict[str, str | Sql]:
    facts = [fact.name for fact in warehouse.facts]
    dimensions = [table.name for table in (*warehouse.calendars, *warehouse.dimensions)]
    functions = (
        render("{name}(timestamp)", name=f"{fact}_{kind}") for fact in facts for kind in FUNCTIONS
    )
    return {
        "schema": schema,
        "facts": names(facts),
        "latest": joined("etl.{column}", (fact.latest for fact in warehouse.facts)),
        "dimensions": names(dimensions),
        "views": names(f"{fact}_{kind}" for fact in facts for kind in VIEWS),
        "functions": Sql(", ".join(functions)),
    }
