"""Recreated views and functions: grants are preserved, and dependent views are not broken."""

from collections.abc import Iterator

import pytest
from pg8000.native import Connection

from postgres import Sql, names, render
from tests.integration.warehouse.facts import add_members, add_version
from warehouse import OthersDepend, migrate

OUTDATED = "update etl.warehouse set views = 'other'"


@pytest.fixture
def analyst(migrated: Connection) -> Iterator[Sql]:
    """A role that an operator created."""
    role = names(['the "analyst"'])
    migrated.run(render("create role {role}", role=role))
    yield role
    migrated.run(render("drop owned by {role}; drop role {role}", role=role))


def acl(connection: Connection) -> list[list[str]]:
    rows: list[list[str]] = connection.run("""
        select relname, array_to_string(relacl, ' ') from pg_class
        where relnamespace = 'warehouse'::regnamespace and relkind = 'v'
        union all
        select proname, array_to_string(proacl, ' ') from pg_proc
        where pronamespace = 'warehouse'::regnamespace
        order by 1
    """)
    return rows


def test_grants_are_preserved(migrated: Connection, analyst: Sql) -> None:
    for grant in (
        "grant select on warehouse.fact_payment_wide to {analyst} with grant option",
        "grant execute on function warehouse.fact_payment_as_of to {analyst}",
    ):
        migrated.run(render(grant, analyst=analyst))
    migrated.run("grant select on warehouse.fact_payment_changes to public")
    before = acl(migrated)
    migrated.run(OUTDATED)
    assert "fact_payment_wide" in migrate(migrated)
    after = acl(migrated)
    assert {name: set(rights.split()) for name, rights in after} == {
        name: set(rights.split()) for name, rights in before
    }


def column_grants(connection: Connection, view: str) -> set[tuple[str, str]]:
    query = """
        select attname, unnest(attacl)::text from pg_attribute
        where attrelid = cast(:view as regclass) and attnum > 0
    """
    return {(column, right) for column, right in connection.run(query, view=view)}


def test_grants_on_columns_are_preserved(migrated: Connection, analyst: Sql) -> None:
    view = "warehouse.fact_payment_wide"
    for grant in (
        "grant select (payment_id), insert (payment_id) on {view} to {analyst}",
        "grant select (payment_amount) on {view} to {analyst} with grant option",
        "grant select (payment_amount) on {view} to public",
    ):
        migrated.run(render(grant, view=Sql(view), analyst=analyst))
    before = column_grants(migrated, view)
    assert len(before) == 3
    migrated.run(OUTDATED)
    assert "fact_payment_wide" in migrate(migrated)
    assert column_grants(migrated, view) == before


def test_column_that_the_new_view_does_not_have_loses_its_grant(
    migrated: Connection, analyst: Sql
) -> None:
    view = "warehouse.fact_payment_wide"
    migrated.run(render("drop view {view}", view=Sql(view)))
    before = """create view {view} as select 1 as payment_id, 2 as "it's gone: 50%" """
    migrated.run(render(before, view=Sql(view)))
    grant = """grant select (payment_id), select ("it's gone: 50%") on {view} to {analyst}"""
    migrated.run(render(grant, view=Sql(view), analyst=analyst))
    migrated.run(OUTDATED)
    assert "fact_payment_wide" in migrate(migrated)
    assert [column for column, _ in column_grants(migrated, view)] == ["payment_id"]


def test_dependent_view_of_a_user_is_named_and_nothing_is_lost(migrated: Connection) -> None:
    migrated.run("create view public.mine as select * from warehouse.fact_payment_current")
    migrated.run(OUTDATED)
    with pytest.raises(
        OthersDepend, match=r"view public\.mine depends.*drop the dependent objects"
    ):
        migrate(migrated)
    assert migrated.run("select views from etl.warehouse") == [["other"]]
    assert migrated.run("select count(*) from public.mine") == [[0]]


def test_every_view_and_function_has_a_comment(migrated: Connection) -> None:
    assert migrated.run("""
        select relname from pg_class
        where relnamespace = 'warehouse'::regnamespace and relkind = 'v'
            and obj_description(oid, 'pg_class') is null
        union all
        select proname from pg_proc
        where pronamespace = 'warehouse'::regnamespace and obj_description(oid, 'pg_proc') is null
    """) == []  # fmt: skip


def test_functions_work_whatever_the_callers_search_path_and_the_schemas_name(
    connection: Connection,
) -> None:
    migrate(connection, 'The "Stars"; $$')
    for kind in ("as_of", "as_known"):
        query = render(
            "select * from {schema}.{function}('2024-01-01')",
            schema='The "Stars"; $$',
            function=f"fact_payment_{kind}",
        )
        assert connection.run(query) == []


def test_as_of_counts_later_observations_and_as_known_does_not(
    migrated: Connection,
) -> None:
    add_members(migrated, "fact_payment")
    add_version(migrated, "fact_payment", 1, 12)  # created at 10:00, observed at 12:00
    known = "select payment_id from warehouse.{function}('2024-01-01 11:00')"
    assert migrated.run(render(known, function="fact_payment_as_of")) == [[1]]
    assert migrated.run(render(known, function="fact_payment_as_known")) == []
