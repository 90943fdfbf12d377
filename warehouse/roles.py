"""The group roles of a warehouse: one for those who load it, one for those who read it.

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
# The migration of another warehouse on the server can create it at the same time.
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
USE_SEQUENCE = "grant usage on sequence {sequence} to {role}"
MAINTAIN = "grant maintain on {dimensions}, {facts}, {latest} to {role}"  # the right to ANALYZE
MAINTAIN_SINCE = 170000
VERSION = "select current_setting('server_version_num')::int"
SEQUENCE = "select pg_get_serial_sequence({table}, {column})"

logger = logging.getLogger(__name__)


def grant_roles(connection: Connection, schema: str, warehouse: Warehouse) -> None:
    """Grant loading to ``warehouse_loader``, and reading views, dimensions and the records of the
    platform to ``warehouse_reader``. Create the roles that are missing; without the right to, log a
    warning with the statements, and continue: the owner can do everything. Idempotent. Call it in a
    transaction whose search_path is ``schema``."""
    roles = _existing(connection)
    if missing := {*GRANTS} - roles:
        roles |= _create(connection, sorted(missing))
    parts = _parts(schema, warehouse)
    for role in sorted(roles):
        for statement in GRANTS[role]:
            connection.run(render(statement, role=role, **parts))
    if LOADER in roles:
        _grant_sequences(connection, warehouse.facts)
        [[version]] = connection.run(VERSION)
        if version >= MAINTAIN_SINCE:
            connection.run(render(MAINTAIN, role=LOADER, **parts))


def _existing(connection: Connection) -> set[str]:
    literals = Sql(", ".join(value(role) for role in GRANTS))
    return {name for (name,) in connection.run(render(ROLES, names=literals))}


def _create(connection: Connection, roles: Iterable[str]) -> set[str]:
    """Create the roles if the current user can, and return those that now exist."""
    [[may_create]] = connection.run(MAY_CREATE)
    if not may_create:
        statements = " ".join(f"create role {role} nologin;" for role in roles)
        logger.warning(
            "Group roles of the warehouse are missing, and this user cannot create roles. The owner"
            " can do everything. To fix: an administrator runs: %s Then run migrate again.",
            statements,
        )
        return set()
    for role in roles:
        connection.run(render(CREATE, role=role))
    return set(roles)


def _grant_sequences(connection: Connection, facts: Iterable[Fact]) -> None:
    for fact in facts:
        table, column = value(names([fact.name])), value(fact.record)
        [[sequence]] = connection.run(render(SEQUENCE, table=table, column=column))
        if sequence:  # quoted by PostgreSQL; an adopted table can have no sequence
            connection.run(render(USE_SEQUENCE, role=LOADER, sequence=Sql(sequence)))


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
