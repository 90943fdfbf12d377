"""Migrate the warehouse: apply migrations, recreate views, and grant to the group roles."""

from collections.abc import Iterator
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError

import contracts
from postgres import (
    LOCK_NOT_AVAILABLE,
    Address,
    Connection,
    connected,
    local_lock_timeout,
    render,
    sqlstate,
    sqlstate_message,
    transaction,
)
from warehouse.additions import additions
from warehouse.errors import EncodingUnsupported, MigrationFailed, OthersDepend
from warehouse.plan import SCHEMA, Plan, Recorded, plan
from warehouse.recreate_views import recreate_views
from warehouse.roles import grant_roles
from warehouse.schema_check import check_schema

STATE = """
select to_regclass('etl.warehouse') is not null, current_database(),
    current_setting('server_encoding')
"""
RECORDED = """
select name, checksum, schema_name, contracts, views
from etl.migration left join etl.warehouse on true
"""
DEPENDENT_OBJECTS_STILL_EXIST = "2BP01"
LOCK = "select pg_advisory_xact_lock(hashtext('etl.migration'))"
WAIT_FOR_LOAD = "select pg_advisory_xact_lock(cast(cast('etl.ledger' as regclass) as bigint))"
LOCK_TIMEOUT = "10min"
"""The wait for another migration, which may add a column or an index to large tables."""
SCHEMA_EXISTS = "select exists (select from pg_namespace where nspname = :schema)"
CREATE_SCHEMA = "create schema {schema}"
ENTER_SCHEMA = "set local search_path to {schema}"
RECORD_MIGRATION = "insert into etl.migration (name, checksum) values (:name, :checksum)"
RECORD_WAREHOUSE = """
insert into etl.warehouse (schema_name, contracts, views) values (:schema, :contracts, :views)
on conflict (only_row) do update set
    contracts = excluded.contracts, views = excluded.views, migrated_at = clock_timestamp()
"""


def migrate(connection: Connection, schema: str = SCHEMA, target: Plan | None = None) -> list[str]:
    """Apply the missing migrations to ``schema``, add the tables and nullable columns that only the
    contracts have, recreate views, functions and comments if they or the contracts changed, and
    return the names of what was applied. If nothing changed, that takes two queries. Grants on
    views are preserved. Concurrent calls apply each migration once. ``target`` defaults to the plan
    of the migration files and the contracts.

    Raises EncodingUnsupported, MigrationEdited, NewerWarehouse, OtherSchema, MigrationFailed,
    OthersDepend or WarehouseMismatch. A migration that fails is rolled back; those before it stay
    applied.
    """
    target = target or plan(contracts.warehouse(), schema)
    recorded = _recorded(connection)
    applied = []
    for name in target.missing(recorded, schema):
        with _serialized(connection, name, schema):
            if name in target.missing(_recorded(connection), schema):
                connection.run(target.migrations[name])
                checksum = target.checksums[name]
                connection.run(RECORD_MIGRATION, name=name, checksum=checksum)
                applied.append(name)
    if applied or target.views_differ(recorded):
        applied += _add(connection, schema)
        applied += _update_views(connection, target, schema)
    return applied


def migrate_at(address: Address, schema: str = SCHEMA) -> list[str]:
    """Migrate the warehouse at an address for an operator. Unlike `migrate`, grant to the group
    roles even if nothing else changed: the roles may have been created since.

    Raises what `migrate` does, and Unreachable or Refused.
    """
    target = plan(contracts.warehouse(), schema)  # an invalid contract needs no connection
    with connected(address, "migrate") as connection:
        applied = migrate(connection, schema, target)
        if not applied:
            with _serialized(connection, "roles", schema):
                grant_roles(connection, schema, contracts.warehouse())
    return applied


def _add(connection: Connection, schema: str) -> list[str]:
    """Add the tables and columns that the contracts have and the warehouse does not, each in a
    transaction of its own, so that a table is locked for a moment, and return their names."""
    wanted = [*additions(connection, contracts.warehouse(), schema)]
    for name in wanted:
        with _serialized(connection, name, schema):
            with local_lock_timeout(connection, LOCK_TIMEOUT):
                connection.run(WAIT_FOR_LOAD)  # before tables are locked: nobody waits for a load
            missing = additions(connection, contracts.warehouse(), schema)
            if name in missing:  # another migration may have been first
                connection.run(missing[name])
    return wanted


def _update_views(connection: Connection, target: Plan, schema: str) -> list[str]:
    """Recreate views and comments if they differ, grant on views and tables to the group roles, and
    return the names of the recreated views."""
    with _serialized(connection, "views", schema):
        differ = target.views_differ(_recorded(connection))
        if differ:
            check_schema(connection, contracts.warehouse(), schema)
            recreate_views(connection, schema, target.latest, target.views)
            connection.run(target.comments)
            fingerprints = {"contracts": target.contracts, "views": target.views_checksum}
            connection.run(RECORD_WAREHOUSE, schema=schema, **fingerprints)
        grant_roles(connection, schema, contracts.warehouse())
    return list(target.views) if differ else []


@contextmanager
def _serialized(connection: Connection, step: str, schema: str) -> Iterator[None]:
    """Open a transaction in ``schema`` that excludes every other migration."""
    try:
        with transaction(connection):
            with local_lock_timeout(connection, LOCK_TIMEOUT):
                connection.run(LOCK)
            _enter(connection, schema)
            yield
    except DatabaseError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise  # `connected` reports it as LockTimeout
        if sqlstate(error) == DEPENDENT_OBJECTS_STILL_EXIST:
            raise OthersDepend(
                f"Migration '{step}' of schema {schema} failed: {sqlstate_message(error)}."
                f" {_detail(error)}. To fix: drop the dependent objects, migrate again, and create"
                " them again."
            ) from error
        raise MigrationFailed(
            f"Migration '{step}' of schema {schema} failed and was rolled back:"
            f" {sqlstate_message(error)} (SQLSTATE {sqlstate(error)}). To fix: migrate as the owner"
            " of the schema; a fact table that existed before must be empty."
        ) from error


def _detail(error: DatabaseError) -> str:
    """Return PostgreSQL's list of the dependent objects, on one line."""
    return str(error.args[0].get("D", "")).replace("\n", "; ")


def _enter(connection: Connection, schema: str) -> None:
    """Resolve unqualified names in the schema until the end of the transaction."""
    # "if not exists" would need the right to create a schema even if it exists.
    if connection.run(SCHEMA_EXISTS, schema=schema) == [[False]]:
        connection.run(render(CREATE_SCHEMA, schema=schema))
    connection.run(render(ENTER_SCHEMA, schema=schema))


def _recorded(connection: Connection) -> Recorded:
    """Return the migrations and fingerprints that the warehouse has recorded. Raises
    EncodingUnsupported."""
    [[exists, database, encoding]] = connection.run(STATE)
    if encoding != "UTF8":
        raise EncodingUnsupported(
            f"The database {database} has the encoding {encoding}, which cannot store every text of"
            " the source. To fix: create a database with encoding 'UTF8' and template template0,"
            " and migrate that one."
        )
    rows = connection.run(RECORDED) if exists else []
    return Recorded({name: checksum for name, checksum, *_ in rows}, *(rows[0][2:] if rows else ()))
