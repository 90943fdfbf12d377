"""A PostgreSQL server for demo and tests; nothing needs to be installed or configured.

It listens only on 127.0.0.1, with a random password. All of its files are in one directory.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from embedded.server.cluster import Cluster
from postgres import Connection, Sql, connected, from_dsn, render

STRATEGIES = 15  # the first version of PostgreSQL that offers a choice; others copy files


@dataclass(frozen=True)
class Server:
    """A running server, used as its superuser ``postgres``."""

    port: int
    password: str = field(repr=False)
    cluster: Cluster | None = field(default=None, repr=False)

    def dsn(self, database: str = "postgres") -> str:
        """Return the DSN of a database, including the password."""
        name = quote(database, safe="")
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def revive(self) -> bool:
        """Start the server again, on the same port, if it has ended; return whether it had. Raises
        ServerFailed."""
        if self.cluster is None or self.cluster.runs():
            return False
        self.cluster.start()
        return True

    def create_database(
        self, name: str, template: str | None = None, oid: int | None = None
    ) -> None:
        """Create a database: empty, or a copy of ``template``, which must have no session. From
        PostgreSQL 15 on, ``oid`` may be given, for a database that replaces another."""
        statement = render(
            "create database {name} template {source}", name=name, source=template or "template0"
        )
        if oid is not None:
            statement = Sql(f"{statement} oid {oid:d}")
        with self.session() as connection:
            # copying files takes half the time of writing the copy to the WAL
            copy = " strategy file_copy" if connection.version >= STRATEGIES else ""
            connection.run(f"{statement}{copy}")

    def has_database(self, name: str) -> bool:
        """Return True if a database of that name exists."""
        with self.session() as connection:
            query = "select exists (select from pg_database where datname = :name)"
            return bool(connection.run(query, name=name)[0][0])

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and end its sessions."""
        with self.session() as connection:
            connection.run(render("drop database if exists {name} with (force)", name=name))

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Open a session in the database ``postgres`` for the block."""
        with connected(from_dsn(self.dsn()), "embedded server") as connection:
            yield connection


@contextmanager
def running(directory: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run a server during the block, with its data in ``directory``; existing data is kept.

    ``settings`` are PostgreSQL's (``{"fsync": "off"}``); the defaults keep the data safe.
    A server that a killed process left running is stopped first. Raises ServerFailed.
    """
    cluster = Cluster(directory.resolve(), settings or {})
    with cluster.locked():
        cluster.prepare()
        try:
            yield Server(cluster.start(), cluster.password.read_text(), cluster)
        finally:
            cluster.stop()
