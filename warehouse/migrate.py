"""Bring the warehouse to what the migrations, the contracts and the view templates say."""

from collections.abc import Iterator
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

import contracts
from postgres import Address, connected, render, sqlstate, sqlstate_message, transaction
from warehouse.errors import MigrationFailed, OthersDepend
from warehouse.plan import SCHEMA, Plan, Recorded, plan
from warehouse.recreate_views import recreate_views
from warehouse.roles import grant_roles
from warehouse.schema_check import check_shape

IS_THERE = "select to_regclass('etl.warehouse') is not null"
RECORDED = """
select name, checksum, schema_name, contracts, views
from etl.migration left join etl.warehouse on true
"""
DEPENDED_UPON = "2BP01"
LOCK = "select pg_advisory_xact_lock(hashtext('etl.migration'))"
SCHEMA_EXISTS = "select exists (select from pg_namespace where nspname = :schema)"
MAKE_SCHEMA = "create schema {schema}"
ENTER_SCHEMA = "set local search_path to {schema}"
RECORD_MIGRATION = "insert into etl.migration (name, checksum) values (:name, :checksum)"
RECORD_WAREHOUSE = """
insert into etl.warehouse (schema_name, contracts, views) values (:schema, :contracts, :views)
on conflict (only_row) do update set
    contracts = excluded.contracts, views = excluded.views, migrated_at = clock_timestamp()
"""


def migrate(connection: Connection, schema: str = SCHEMA, wanted: Plan | None = None) -> list[str]:
    """Apply the migrations that ``schema`` lacks, make its views, functions and comments again if
    they or the contracts changed, and return the names of what was applied: nothing, after two
    queries, where all is well. What was granted on a view stays granted. Of several at once, each
    migration is applied by one. ``wanted`` is by default what the files of this package and the
    contracts say.

    Raises MigrationEdited, NewerWarehouse, OtherSchema, MigrationFailed, OthersDepend or
    WarehouseMismatch. A migration that fails leaves nothing behind; those before it stay.
    """
    wanted = wanted or plan(contracts.warehouse(), schema)
    recorded = _recorded(connection)
    applied = []
    for name in wanted.missing(recorded, schema):
        with _serialised(connection, name, schema):
            if name in wanted.missing(_recorded(connection), schema):
                connection.run(wanted.migrations[name])
                checksum = wanted.checksums[name]
                connection.run(RECORD_MIGRATION, name=name, checksum=checksum)
                applied.append(name)
    if applied or wanted.views_differ(recorded):
        applied += _finished(connection, wanted, schema)
    return applied


def migrate_at(address: Address, schema: str = SCHEMA) -> list[str]:
    """What an operator asks for: migrate the warehouse at an address, and see to the group roles
    even where nothing else is to do, for roles may have come since.

    Raises what `migrate` does, and Unreachable or Refused.
    """
    wanted = plan(contracts.warehouse(), schema)  # an invalid contract needs no connection
    with connected(address, "migrate") as connection:
        applied = migrate(connection, schema, wanted)
        if not applied:
            with _serialised(connection, "roles", schema):
                grant_roles(connection, schema, contracts.warehouse())
    return applied


def _finished(connection: Connection, wanted: Plan, schema: str) -> list[str]:
    """Make views and comments if they differ, and grant what the group roles may do with them and
    with the tables of the migrations before; the names of what was made."""
    with _serialised(connection, "views", schema):
        differ = wanted.views_differ(_recorded(connection))
        if differ:
            check_shape(connection, contracts.warehouse(), schema)
            recreate_views(connection, schema, wanted.latest, wanted.views)
            connection.run(wanted.comments)
            fingerprints = {"contracts": wanted.contracts, "views": wanted.views_checksum}
            connection.run(RECORD_WAREHOUSE, schema=schema, **fingerprints)
        grant_roles(connection, schema, contracts.warehouse())
    return list(wanted.views) if differ else []


@contextmanager
def _serialised(connection: Connection, what: str, schema: str) -> Iterator[None]:
    """A transaction in ``schema`` that no other migration runs beside."""
    try:
        with transaction(connection):
            connection.run(LOCK)
            _enter(connection, schema)
            yield
    except DatabaseError as refusal:
        if sqlstate(refusal) == DEPENDED_UPON:
            raise OthersDepend(
                f"Migration '{what}' of schema {schema} fails: {sqlstate_message(refusal)}. Drop"
                f" what depends on it, migrate again, and make it again. {_detail(refusal)}"
            ) from refusal
        raise MigrationFailed(
            f"Migration '{what}' of schema {schema} fails: {sqlstate_message(refusal)} (SQLSTATE"
            f" {sqlstate(refusal)}). Nothing of it was kept. It needs the owner of the schema;"
            " a fact that stood there before must be empty."
        ) from refusal


def _detail(refusal: DatabaseError) -> str:
    """What PostgreSQL adds about objects that depend on others, on one line."""
    return str(refusal.args[0].get("D", "")).replace("\n", "; ")


def _enter(connection: Connection, schema: str) -> None:
    """Let unqualified names mean the schema, until the end of the transaction."""
    # "if not exists" would ask for the right to create it even where it exists
    if connection.run(SCHEMA_EXISTS, schema=schema) == [[False]]:
        connection.run(render(MAKE_SCHEMA, schema=schema))
    connection.run(render(ENTER_SCHEMA, schema=schema))


def _recorded(connection: Connection) -> Recorded:
    """What the warehouse says of itself."""
    [[is_there]] = connection.run(IS_THERE)
    rows = connection.run(RECORDED) if is_there else []
    return Recorded({name: checksum for name, checksum, *_ in rows}, *(rows[0][2:] if rows else ()))
