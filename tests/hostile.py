"""Settings of a role, a database and an environment that would change values, waits or names."""

from postgres import Connection, Sql, render

PAUSE = 2.0
"""Seconds after which a hostile server ends an idle session or a transaction."""

SETTINGS = {
    "TimeZone": "'Asia/Tokyo'",
    "DateStyle": "'German, DMY'",
    "IntervalStyle": "'sql_standard'",
    "extra_float_digits": "-15",
    "bytea_output": "'escape'",
    "client_encoding": "'LATIN1'",
    "search_path": "shadow, pg_catalog, public",
    "row_security": "on",
    "statement_timeout": "'1ms'",
    "transaction_timeout": f"'{PAUSE} s'",
    "idle_in_transaction_session_timeout": "'1ms'",
    "idle_session_timeout": f"'{PAUSE} s'",
    "lock_timeout": "'1ms'",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "transform_null_equals": "on",
    "synchronous_commit": "off",
    "array_nulls": "off",
}

SHADOWS = """
CREATE SCHEMA shadow;
CREATE FUNCTION shadow.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT '1999-01-01'::timestamptz $$;
CREATE FUNCTION shadow.pg_current_snapshot() RETURNS pg_snapshot LANGUAGE sql
    AS $$ SELECT '10:10:'::pg_snapshot $$;
CREATE FUNCTION shadow.count() RETURNS bigint LANGUAGE sql AS $$ SELECT 0::bigint $$;
CREATE TABLE shadow.payment (payment_id int PRIMARY KEY);
CREATE TYPE shadow.timestamp AS (word text);
CREATE TYPE shadow.text AS (word pg_catalog.text)
"""
"""Objects that hide those of PostgreSQL and of the source, if search_path finds them first."""

ENVIRONMENT = {
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
    "PGTZ": "Asia/Tokyo",
    "PGDATESTYLE": "German",
    "PGOPTIONS": "-c statement_timeout=1",
    "PGCLIENTENCODING": "LATIN1",
}


def set_all(connection: Connection, holder: str) -> None:
    """Give a role or a database, such as ``DATABASE source_1``, every hostile setting.

    Settings that this version of PostgreSQL does not have are left out.
    """
    known = {name for (name,) in connection.run("SELECT name FROM pg_settings")}
    for name, setting in SETTINGS.items():
        if name not in known:
            continue
        parts = {"holder": Sql(holder), "name": Sql(name), "setting": Sql(setting)}
        connection.run(render("ALTER {holder} SET {name} TO {setting}", **parts))
