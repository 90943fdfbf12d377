"""Recreate views and functions, and preserve the grants on them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pg8000.native import Connection

from postgres import Sql, render

EXISTING = Sql("""
select relname as name, 'view' as kind, 'table' as kind_granted, oid::regclass::text as identifier,
    relowner as owner, relacl as granted
from pg_class
where relkind = 'v' and relnamespace = (select oid from pg_namespace where nspname = :schema)
union all
select proname, 'function', 'function', oid::regprocedure::text, proowner, proacl
from pg_proc
where pronamespace = (select oid from pg_namespace where nspname = :schema)
""")
DROPS = "select name, format('drop %s %s', kind, identifier) from ({existing}) as existing"
GRANTS = """
with existing as ({existing}), granted as (
    select name, kind_granted, identifier, owner, null as of_column, granted from existing
    union all
    select name, kind_granted, identifier, owner, attname, attacl
    from existing
    join pg_attribute on attrelid = case kind when 'view' then identifier::regclass end
), statements as (
    select name, of_column, format(
        'grant %s%s on %s %s to %s%s', privilege_type, ' (' || quote_ident(of_column) || ')',
        kind_granted, identifier,
        case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
        case when is_grantable then ' with grant option' else '' end
    ) as statement
    from granted cross join lateral aclexplode(granted) as one
    where grantee <> owner
)
select name, case when of_column is null then statement else format(
    -- A column that the new view does not have loses its grants.
    'do %L', format('begin %s; exception when undefined_column then null; end', statement)
) end
from statements
"""
Statements = Mapping[str, Sequence[str]]


def recreate_views(
    connection: Connection, schema: str, latest: str, views: Mapping[str, str]
) -> None:
    """Drop the views and functions with these names, run the statements of the ``latest`` tables
    that they read, create them, and restore the grants on them. Call it in a transaction whose
    search_path is ``schema``."""
    drops = _by_name(connection, DROPS, schema)
    grants = _by_name(connection, GRANTS, schema)
    for name in reversed([*views]):
        _run(connection, drops[name])
    connection.run(latest)
    for statements in views.values():
        connection.run(statements)
    for name in views:
        _run(connection, grants[name])


def _by_name(connection: Connection, query: str, schema: str) -> Statements:
    """Return the statements that a query generates, by the name of their view or function."""
    statements = defaultdict(list)
    for name, statement in connection.run(render(query, existing=EXISTING), schema=schema):
        statements[name].append(statement)
    return statements


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.run(statement)
