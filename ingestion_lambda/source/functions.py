"""The functions of PostgreSQL that a poll calls, and the error that names the refused ones.

PostgreSQL lets every role call them. A provider may revoke one, leave it out, or disable it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError

from ingestion_lambda.errors import SourceMismatch
from postgres import Connection, Sql, render, sqlstate, sqlstate_message

NOT_GRANTED = "42501"
REFUSALS = (NOT_GRANTED, "55000", "0A000", "42883")
"""SQLSTATEs of a function that is revoked, disabled by a setting, not supported, or missing."""

EVERYWHERE: Mapping[str, str] = {
    "pg_is_in_recovery()": "",
    "to_regproc(text)": "'pg_catalog.aurora_version'",
    "pg_current_snapshot()": "",
    "pg_snapshot_xmin(pg_snapshot)": "'10:10:'",
    "pg_snapshot_xmax(pg_snapshot)": "'10:10:'",
    "age(xid)": "'3'::xid",
    "clock_timestamp()": "",
    "current_database()": "",
    "row_security_active(oid)": "'pg_catalog.pg_class'::regclass::oid",
    "format_type(oid,integer)": "23, -1",
    # The expression of a generated column is only readable with its own table.
    "pg_get_expr(pg_node_tree,oid)": (
        "(SELECT adbin FROM pg_catalog.pg_attrdef ORDER BY oid LIMIT 1),"
        " (SELECT adrelid FROM pg_catalog.pg_attrdef ORDER BY oid LIMIT 1)"
    ),
    'concat_ws(text,"any")': "',', 1",
    "string_agg(text,text)": "'a', ','",
    "array_agg(anynonarray)": "1",
    "bool_or(boolean)": "true",
    "encode(bytea,text)": "'a', 'hex'",
    "convert_to(text,name)": "'a', 'UTF8'",
    "getdatabaseencoding()": "",
    "count()": "*",
}
"""The functions that a poll calls, each with arguments to try it with: ``age`` if there were many
transactions since the last batch."""

WITH_WAL: Mapping[str, str] = {
    "pg_control_system()": "",
    "pg_control_checkpoint()": "",
    "pg_current_wal_lsn()": "",
    "pg_current_wal_insert_lsn()": "",
    "pg_current_wal_flush_lsn()": "",
    "pg_walfile_name(pg_lsn)": "'0/1'",
    "substr(text,integer,integer)": "'a', 1, 1",
}
"""Likewise, of PostgreSQL with its own disk."""

ON_AURORA: Mapping[str, str] = {
    "pg_postmaster_start_time()": "",
    "pg_stat_get_bgwriter_stat_reset_time()": "",
}
"""Likewise, of Aurora, which has no function of the WAL."""

IS_AURORA = Sql("to_regproc('pg_catalog.aurora_version') IS NOT NULL")


@dataclass(frozen=True)
class Refusal:
    """A function that the source refuses, with the server's reason."""

    signature: str
    state: str
    reason: str

    @property
    def grant(self) -> Sql:
        """The statement that lets every role call the function."""
        return Sql(f"GRANT EXECUTE ON FUNCTION pg_catalog.{self.signature} TO PUBLIC")


def called_functions(connection: Connection) -> Mapping[str, str]:
    """Return the functions that a poll of this server calls, with arguments to try them with."""
    try:
        [[is_aurora]] = connection.run(render("SELECT {is_aurora}", is_aurora=IS_AURORA))
    except DatabaseError:  # to_regproc is itself one of the functions to try
        return EVERYWHERE
    return {**EVERYWHERE, **(ON_AURORA if is_aurora else WITH_WAL)}


def refused_functions(connection: Connection) -> Iterator[Refusal]:
    """Call each function once, and yield those that the source refuses. Needs a connection that
    is not in a transaction."""
    for signature, arguments in called_functions(connection).items():
        name = signature.partition("(")[0]
        try:
            connection.run(Sql(f"SELECT pg_catalog.{name}({arguments})"))
        except DatabaseError as error:
            if sqlstate(error) not in REFUSALS:
                raise
            yield Refusal(signature, sqlstate(error), sqlstate_message(error))


def name_refused_functions(connection: Connection, error: DatabaseError) -> None:
    """Raise SourceMismatch if the ``error`` of a poll came from a function that the source
    refuses. Needs a connection that is not in a transaction."""
    if sqlstate(error) not in REFUSALS:
        return
    if refusals := list(refused_functions(connection)):
        reasons = "; ".join(f"{r.signature}: {r.reason} (SQLSTATE {r.state})" for r in refusals)
        raise SourceMismatch(
            f"The source refuses functions that a poll calls. {reasons}. Nothing was committed. To"
            f" fix: {_remedy(refusals)}"
        ) from error


def _remedy(refusals: list[Refusal]) -> str:
    grants = "; ".join(refusal.grant for refusal in refusals if refusal.state == NOT_GRANTED)
    if all(refusal.state == NOT_GRANTED for refusal in refusals):
        return f"an administrator of the server must run {grants}."
    granted = f"An administrator must also run {grants}." if grants else ""
    return (
        "this server cannot be a source as it is configured; docs/compatibility.md says what each"
        f" provider needs. {granted}"
    ).rstrip()
