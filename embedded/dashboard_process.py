"""The dashboard beside the platform: a process of its own, which may only read the warehouse."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import quote

from dashboard import child
from dashboard.child import Child
from dashboard.launch import HOST, environment
from embedded.server import Server
from postgres import connected, from_dsn, render, value
from warehouse.roles import READER

ROLE, LOG = "dashboard", "dashboard.log"
IS_THERE = "select exists (select from pg_roles where rolname = :role)"
CREATE = "create role {role}"
LET_IN = "alter role {role} login password {password}"
LET_READ = "grant {readers} to {role}"


@contextmanager
def beside(
    server: Server, database: str, lake: Path, folder: Path, port: int, stopping: Event
) -> Iterator[Child]:
    """A dashboard of a warehouse that was migrated, for the block. It answers, unless ``stopping``
    was set while it started.

    It listens on ``port``, or with 0 on the usual one or any that is free, and logs to
    ``folder`` / LOG. Raises NotStarted.
    """
    # by the environment, for everybody on the machine could read an argument
    told = environment(reader_dsn(server, database), [str(lake)], environ=_without_secrets())
    with child.running(told, folder / LOG, port, stopping) as started:
        yield started


def reader_dsn(server: Server, database: str, role: str = ROLE) -> str:
    """Return the DSN of a login role that is a member of the warehouse's reader role. Each call
    sets a new password."""
    password = secrets.token_urlsafe(24)
    with connected(from_dsn(server.dsn(database)), "embedded dashboard") as connection:
        if connection.run(IS_THERE, role=role) == [[False]]:
            connection.run(render(CREATE, role=role))
        connection.run(render(LET_IN, role=role, password=value(password)))
        connection.run(render(LET_READ, role=role, readers=READER))
    return f"postgresql://{role}:{password}@{HOST}:{server.port}/{quote(database)}"


def _without_secrets() -> dict[str, str]:
    """Our environment without what psql and the jobs would know us by."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PG", "TOTESYS_"))}
