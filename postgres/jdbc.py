"""The settings of a JDBC connection, which Java's driver sends as startup parameters.

Each form is tried before rows travel: a pooler's refusal would otherwise end the job inside Spark.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from pg8000.exceptions import DatabaseError, InterfaceError

from postgres.address import Address
from postgres.connection import dial
from postgres.driver import Connection, sqlstate_message
from postgres.errors import StartupRefused
from postgres.session import MARKER
from postgres.sql import Sql, render, value

ALWAYS_SENT = {"extra_float_digits": "2"}

SHORTEST = 60_000
"""Milliseconds. Spark sends 10,000 rows in one statement, and all rows of a file in one
transaction; a shorter timeout of the role can end either."""

IS_MARKED = render("select current_setting({marker}, true) = 'on'", marker=value(MARKER))
HARMFUL = Sql("""
select name, case setting when 'on' then 'off' else '0' end, current_setting(name)
from pg_settings
where (name = 'default_transaction_read_only' and setting = 'on')
    or case when name in ('statement_timeout', 'transaction_timeout',
                          'idle_in_transaction_session_timeout')
       then setting::bigint between 1 and {shortest} - 1 end
order by name
""")


def jdbc_options(connection: Connection, address: Address) -> dict[str, str]:
    """Return the options that give a JDBC connection the settings of ``connection``.

    A pooler or proxy that does not pass on ``options`` leaves it the settings of its role, which
    are then checked. Raises StartupRefused with the remedy if it refuses the parameters that the
    JDBC driver always sends, or if a setting of the role would end the load.
    """
    if not connection.is_pooled:
        options = connection.session.options(connection.version)
        if _reaches(address, options):
            return {"options": options}
    if harmful := _answer(address, ALWAYS_SENT, render(HARMFUL, shortest=SHORTEST)):
        raise _harmed(address, harmful)
    return {"prepareThreshold": "0"}  # a prepared statement would belong to another session


def _reaches(address: Address, options: str) -> bool:
    """Return whether the options reach the session, and are not refused or ignored."""
    marked = {**ALWAYS_SENT, "options": f"{options} -c {MARKER}=on"}
    try:
        [[is_marked]] = _answer(address, marked, IS_MARKED)
    except StartupRefused:
        return False
    return bool(is_marked)


def _answer(address: Address, parameters: Mapping[str, str], query: Sql) -> Any:
    with closing(dial(Connection, address, "jdbc", parameters)) as connection:
        try:
            return connection.run(query)
        except (DatabaseError, InterfaceError) as error:
            reason = sqlstate_message(error) if isinstance(error, DatabaseError) else str(error)
            raise StartupRefused(
                f"A session of the JDBC driver at {address} cannot run a query: {reason}. To fix:"
                " give the address of PostgreSQL, or correct the settings of the role."
            ) from error


def _harmed(address: Address, harmful: list[tuple[str, str, str]]) -> StartupRefused:
    actual = ", ".join(f"{name} = {text}" for name, _, text in harmful)
    alter = "alter role {role} set {name} = {setting};"
    remedy = " ".join(
        render(alter, role=address.user, name=Sql(name), setting=Sql(setting))
        for name, setting, _ in harmful
    )
    return StartupRefused(
        f"The pooler at {address} passes no settings on for the JDBC driver, and those of the role"
        f" or the database would end the load: {actual}. To fix: run {remedy} or give the address"
        " of PostgreSQL."
    )
