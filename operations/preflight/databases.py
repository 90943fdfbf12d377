"""Checks of the secrets, and of the databases that they describe."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import contracts
from ingestion_lambda.source.functions import refused_functions
from ingestion_lambda.source.snapshot import open_snapshot
from operations.preflight.check import Failed, NotChecked
from operations.preflight.rights import rights
from operations.preflight.target import Target
from postgres import Connection, Sql, Unreachable, connected, render, value
from warehouse.roles import LOADER

SERVICE = "preflight"
SKEW = 60.0
"""Seconds between the clocks of the source and of this machine."""

SHOWN = 3
"""Missing rights that one line names."""

WAREHOUSE = """
SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) = current_user,
       has_database_privilege(datname, 'CREATE')
FROM pg_database WHERE datname = current_database()
"""
MEMBERSHIP = "SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = {loader}"


def secret(target: Target, role: str) -> str:
    """Check that a secret is readable and well formed."""
    return str(target.address(role))


source_secret = partial(secret, role="source")
owner_secret = partial(secret, role="warehouse-owner")
loader_secret = partial(secret, role="warehouse-loader")


def certificates(target: Target) -> str:
    """Check that the CA bundle has certificates that are valid now."""
    if not target.ca_bundle:
        raise NotChecked(
            "no CA bundle is given (`--ca-bundle FILE`, or terraform/environments/ENV/ca.pem);"
            " a remote database is refused without it."
        )
    try:
        found = ssl.create_default_context(cafile=target.ca_bundle).get_ca_certs()
    except OSError as wrong:
        raise Failed(
            f"{target.ca_bundle} has no certificates in PEM: {wrong}. To fix: download the bundle"
            " again (docs/compatibility.md says where)."
        ) from None
    until = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in found]
    now = datetime.now(UTC).timestamp()
    valid = [end for end in until if end > now]
    if not valid:
        raise Failed(
            f"All {len(found)} certificates of {target.ca_bundle} have expired. To fix: download"
            " the bundle again (docs/compatibility.md says where)."
        )
    last = datetime.fromtimestamp(max(valid), UTC)
    return f"{len(valid)} certificates, the last valid until {last:%Y-%m-%d}"


def source_server(target: Target) -> str:
    """Check that the source answers, and accepts user and password."""
    with _source(target) as connection:
        [[version]] = connection.run("SHOW server_version")
    return f"PostgreSQL {version}"


def source_rights(target: Target) -> str:
    """Check the rights of the source's role."""
    with _source(target) as connection:
        rows = connection.run(rights(contracts.source(), Sql("current_user")))
    missing = [(right, to_fix) for right, is_held, to_fix in rows if not is_held]
    if missing:
        names = ", ".join(right for right, _ in missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise Failed(
            f"The source's role may not: {names}{more}. To fix: its owner must run"
            f" {'; '.join(to_fix for _, to_fix in missing[:SHOWN])}."
            " `python -m operations preflight --sql` lists all."
        )
    return f"{len(rows)} rights"


def source_functions(target: Target) -> str:
    """Call every function that a poll calls."""
    with _source(target) as connection:
        refused = list(refused_functions(connection))
    if refused:
        reasons = "; ".join(f"{r.signature}: {r.reason}" for r in refused)
        raise Failed(
            f"The source refuses {reasons}. To fix: an administrator must grant them, or the"
            " provider enable them (docs/compatibility.md)."
        )
    return "every function that a poll calls works"


def source_tables(target: Target) -> str:
    """Open the snapshot of a poll: locks, tables, columns, types, policies."""
    source = contracts.source()
    with _source(target) as connection, open_snapshot(connection, source) as snapshot:
        unknown = sum(map(len, snapshot.unknown_columns.values()))
    left_out = f"; {unknown} columns that no contract names are left out" if unknown else ""
    return f"{len(source.tables)} tables match their contracts{left_out}"


def source_clock(target: Target) -> str:
    """Compare the clock of the source with that of this machine."""
    with _source(target) as connection:
        [[at]] = connection.run("SELECT clock_timestamp()")
    skew = (at - datetime.now(UTC)).total_seconds()
    if abs(skew) > SKEW:
        raise Failed(
            f"The clock of the source is {skew:+.0f} s off that of this machine; versions get its"
            " times. To fix: synchronize it (NTP)."
        )
    return f"within {SKEW:g} s of this machine"


def warehouse_owner(target: Target) -> str:
    """Check that the owner can migrate the warehouse."""
    with _database(target, "warehouse-owner") as connection:
        [[encoding, is_owner, may_create]] = connection.run(WAREHOUSE)
    if encoding != "UTF8":
        raise Failed(
            f"The warehouse has the encoding {encoding}. To fix: create another database"
            " (encoding 'UTF8' template template0)."
        )
    if not may_create:
        raise Failed(
            "The owner of the warehouse may not create schemas. To fix: make the role of the secret"
            " the owner of the database, or GRANT CREATE ON DATABASE to it."
        )
    return "UTF8, and the role owns the database" if is_owner else "UTF8, and the role may create"


def warehouse_loader(target: Target) -> str:
    """Check that the loads have the rights of the group warehouse_loader."""
    with _database(target, "warehouse-loader") as connection:
        rows = connection.run(render(MEMBERSHIP, loader=value(LOADER)))
    if not rows:
        raise NotChecked("the warehouse is not migrated yet; the migrate_job creates its roles.")
    if not rows[0][0]:
        raise Failed(
            "The role of the loads is not a member of warehouse_loader. To fix: the owner of the"
            " warehouse must run GRANT warehouse_loader TO it."
        )
    return "a member of warehouse_loader"


@contextmanager
def _source(target: Target) -> Iterator[Connection]:
    with _database(target, "source") as connection:
        yield connection


@contextmanager
def _database(target: Target, role: str) -> Iterator[Connection]:
    """Connect to a database. Raises NotChecked if only its own network reaches it."""
    address = target.address(role)
    try:
        with connected(address, SERVICE) as connection:
            yield connection
    except Unreachable as error:
        if target.settings and not target.network:
            raise
        raise NotChecked(
            f"{address.host} is not reached from here ({str(error).partition('. ')[0]}). Run it in"
            " the network of the database, or give its owner the script of `--sql`."
        ) from None
