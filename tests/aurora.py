"""A source that answers as Aurora PostgreSQL does, made of a database of the tests' server.

Aurora with its default ``wal_level = replica`` is not a standby, and has ``aurora_version()``. Each
function of the WAL fails with SQLSTATE 55000. Those of the server are renamed, so that no call can
reach them by accident.
"""

from pg8000.native import Connection

from postgres import Sql, render

WAL_FUNCTIONS = {
    "pg_current_wal_insert_lsn()": "pg_lsn",
    "pg_current_wal_lsn()": "pg_lsn",
    "pg_current_wal_flush_lsn()": "pg_lsn",
    "pg_walfile_name(pg_lsn)": "text",
}

VERSION = """
CREATE FUNCTION pg_catalog.aurora_version() RETURNS text LANGUAGE sql AS $$ SELECT '17.5.1' $$
"""

# the message and the hint are those of Aurora
REFUSING = """
CREATE FUNCTION pg_catalog.{function} RETURNS {type} LANGUAGE plpgsql AS $$
BEGIN
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = 'wal_level must be set to ''logical''',
        HINT = 'WAL control functions cannot be executed when wal_level < logical.';
END $$
"""


def make_aurora(source: Connection) -> None:
    """Make the database of ``source`` answer as Aurora does. Only this database is changed."""
    source.run("SET allow_system_table_mods = on")
    for function, type_ in WAL_FUNCTIONS.items():
        name = function.partition("(")[0]
        rename = "ALTER FUNCTION pg_catalog.{function} RENAME TO {unused}"
        source.run(render(rename, function=Sql(function), unused=f"{name}_unused"))
        source.run(render(REFUSING, function=Sql(function), type=Sql(type_)))
    source.run(VERSION)
    source.run("RESET allow_system_table_mods")
