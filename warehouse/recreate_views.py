"""Make views and functions again without taking from anybody what they were granted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pg8000.native import Connection

from postgres import Sql, render

STANDING = Sql("""
select relname as name, 'view' as kind, 'table' as kind_granted, oid::regclass::text as spelled,
    relowner as owner, relacl as granted
from pg_class
where relkind = 'v' and relnamespace = (select oid from pg_namespace where nspname = :schema)
union all
select proname, 'function', 'function', oid::regprocedure::text, proowner, proacl
from pg_proc
where pronamespace = (select oid from pg_namespace where nspname = :schema)
""")
DROPS = "select name, format('drop %s %s', kind, spelled) from ({standing}) as standing"
GRANTS = """
with standing as ({standing}), granted as (
    select name, kind_granted, spelled, owner, null as of_column, granted from standing
    union all
    select name, kind_granted, spelled, owner, attname, attacl
    from standing
    join pg_attribute on attrelid = case kind when 'view' then spelled::regclass end
), spelled as (
    select name, of_column, format(
        'grant %s%s on %s %s to %s%s', privilege_type, ' (' || quote_ident(of_column) || ')',
        kind_granted, spelled,
        case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
        case when is_grantable then ' with grant option' else '' end
    ) as statement
    from granted cross join lateral aclexplode(granted) as one
    where grantee <> owner
)
select name, case when of_column is null then statement else format(
    -- a column that the new view lacks takes its grants along
    'do %L', format('begin %s; exception when undefined_column then null; end', statement)
) end
from spelled
"""
Statements = Mapping[str, Sequence[str]]


def recreate_views(
    connection: Connection, schema: str, latest: str, views: Mapping[str, str]
) -> None:
    """Drop the views and functions of these names, run the statements for the ``latest`` versions
    that they read and those that make them, and grant again what was granted on them. To be called
    in a transaction, with ``schema`` entered."""
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
    """Statements that PostgreSQL itself has spelled, by the name of what they are about."""
    found = defaultdict(list)
    for name, statement in connection.run(render(query, standing=STANDING), schema=schema):
        found[name].append(statement)
    return found


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.run(statement)
