"""The dashboard as a process beside the platform, with a login that may only read the warehouse."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import quote

from contracts.project import PROJECT
from dashboard import child
from dashboard.child import Child
from dashboard.launch import HOST, environment
from embedded.server import Server
from postgres import connected, from_dsn, render, value
from warehouse.roles import READER

ROLE, LOG = "dashboard", "dashboard.log"
ROLE_EXISTS = "select exists (select from pg_roles where rolname = :role)"
CREATE_ROLE = "create role {role}"
SET_PASSWORD = "alter role {role} login password {password}"  # nosec B105 # a template
GRANT = "grant {readers} to {role}"
OWNER = f"{PROJECT.upper()}_UP"
"""Variable with the directory of the `up` that started a dashboard. The next one finds it by it."""

OWN_VARIABLES = ("PG", f"{PROJECT.upper()}_")


@contextmanager
def running_dashboard(
    server: Server, database: str, folder: Path, stopping: Event, *, port: int, every: float
) -> Iterator[Child]:
    """Run the dashboard of a migrated warehouse, and of the lake in ``folder`` that is polled every
    so many seconds, during the block.

    It answers when the block begins, unless ``stopping`` was set while it started. It listens on
    ``port``, or with 0 on its default port or any free one, and logs to ``folder`` / LOG. Raises
    NotStarted.
    """
    # the DSN is in the environment, because every user of the machine can read arguments
    dsn = reader_dsn(server, database)
    own = {**_without_secrets(), OWNER: str(folder.resolve())}
    variables = environment(dsn, [str(folder / "lake")], environ=own, every=every)
    with child.running(variables, folder / LOG, port, stopping) as process:
        yield process


def reader_dsn(server: Server, database: str, role: str = ROLE) -> str:
    """Create the login ``role`` if it does not exist, make it a reader of the warehouse with a new
    password, and return its DSN."""
    password = secrets.token_urlsafe(24)
    with connected(from_dsn(server.dsn(database)), "embedded dashboard") as connection:
        if connection.run(ROLE_EXISTS, role=role) == [[False]]:
            connection.run(render(CREATE_ROLE, role=role))
        connection.run(render(SET_PASSWORD, role=role, password=value(password)))
        connection.run(render(GRANT, role=role, readers=READER))
    return f"postgresql://{role}:{password}@{HOST}:{server.port}/{quote(database)}"


def _without_secrets() -> dict[str, str]:
    """Return the environment without the variables that give psql and the jobs their access."""
    return {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)}
