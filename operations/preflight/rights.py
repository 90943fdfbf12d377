"""The rights that a poll needs in the source, as a query and as a script for its owner."""

from contracts import Source
from ingestion_lambda.source.functions import EVERYWHERE, IS_AURORA, ON_AURORA, WITH_WAL
from postgres import Sql, render, value

# Each row is a right, whether the role has it, and what to do.
RIGHTS = """
WITH role AS (SELECT oid, rolname, rolsuper OR rolbypassrls AS sees_all
              FROM pg_catalog.pg_roles WHERE rolname = {role}),
     names (name) AS (VALUES {tables}),
     tables AS (SELECT name, pg_catalog.to_regclass(
                    pg_catalog.quote_ident({schema}) || '.' || pg_catalog.quote_ident(name)) AS oid
                FROM names),
     functions (signature, kind) AS (VALUES {functions})
SELECT 'the role exists' AS "right", EXISTS (SELECT FROM role) AS is_held,
       'CREATE ROLE ... LOGIN' AS to_fix
UNION ALL
SELECT 'connect to ' || pg_catalog.current_database(),
       pg_catalog.has_database_privilege(oid, pg_catalog.current_database(), 'CONNECT'),
       pg_catalog.format(
           'GRANT CONNECT ON DATABASE %I TO %I', pg_catalog.current_database(), rolname)
FROM role
UNION ALL
SELECT 'use the schema ' || {schema},
       pg_catalog.to_regnamespace(pg_catalog.quote_ident({schema})) IS NOT NULL
       AND pg_catalog.has_schema_privilege(
           role.oid, pg_catalog.to_regnamespace(pg_catalog.quote_ident({schema}))::oid, 'USAGE'),
       pg_catalog.format('GRANT USAGE ON SCHEMA %I TO %I', {schema}, rolname)
FROM role
UNION ALL
SELECT 'read ' || name,
       tables.oid IS NOT NULL
       AND pg_catalog.has_table_privilege(role.oid, tables.oid::oid, 'SELECT'),
       CASE WHEN tables.oid IS NULL THEN 'the table does not exist: correct database or contract'
            ELSE pg_catalog.format('GRANT SELECT ON %s TO %I', tables.oid, rolname) END
FROM role, tables
UNION ALL
SELECT 'see every row of ' || name, sees_all OR NOT relrowsecurity,
       pg_catalog.format('ALTER ROLE %I BYPASSRLS', rolname)
FROM role, tables JOIN pg_catalog.pg_class c ON c.oid = tables.oid WHERE relrowsecurity
UNION ALL
SELECT 'call ' || signature,
       pg_catalog.to_regprocedure('pg_catalog.' || signature) IS NOT NULL
       AND pg_catalog.has_function_privilege(
           role.oid, pg_catalog.to_regprocedure('pg_catalog.' || signature)::oid, 'EXECUTE'),
       pg_catalog.format('GRANT EXECUTE ON FUNCTION pg_catalog.%s TO %I', signature, rolname)
FROM role, functions
WHERE kind = 'every' OR (kind = 'aurora') = ({is_aurora})
UNION ALL
SELECT 'the server is the primary', NOT pg_catalog.pg_is_in_recovery(),
       'give the address of the primary to the platform'
"""

SCRIPT = """\
-- The rights that polls of {source} need. Run it in the database of the source, as its owner or as
-- the role itself. It changes nothing. Every row of the first answer must be OK; the statements of
-- the others are for the owner. The statements after it must not fail for the role itself.
BEGIN READ ONLY;

SELECT "right", CASE WHEN is_held THEN 'OK' ELSE to_fix END AS result
FROM ({rights}) AS rights ORDER BY is_held, "right";

COMMIT;

-- Every server:
{every}

-- PostgreSQL, on its primary (on Aurora these fail, and polls do not call them):
{wal}

-- Aurora:
{aurora}
"""

KINDS = {"every": EVERYWHERE, "wal": WITH_WAL, "aurora": ON_AURORA}


def rights(source: Source, role: Sql) -> Sql:
    """Return the query of the rights of ``role``: the right, whether it is held, and the remedy."""
    tables = ", ".join(f"({value(name)})" for name in source.tables)
    functions = ", ".join(
        f"({value(signature)}, {value(kind)})"
        for kind, signatures in KINDS.items()
        for signature in signatures
    )
    return render(
        RIGHTS.strip(),
        role=role,
        schema=value(source.schema),
        tables=Sql(tables),
        functions=Sql(functions),
        is_aurora=Sql(IS_AURORA.replace("to_regproc", "pg_catalog.to_regproc")),
    )


def script(source: Source, role: str) -> str:
    """Return a script, which only reads, that shows what ``role`` may do in the source."""
    calls = {
        kind: Sql("\n".join(f"SELECT {_call(*function)};" for function in signatures.items()))
        for kind, signatures in KINDS.items()
    }
    text = rights(source, value(role))
    return render(SCRIPT, source=Sql(source.name), rights=text, **calls)


def _call(signature: str, arguments: str) -> str:
    return f"pg_catalog.{signature.partition('(')[0]}({arguments})"
