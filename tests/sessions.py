"""Other sessions of a server."""

import time

from postgres import Connection

PAUSE = 0.01  # seconds


def terminate(connection: Connection, pid: int) -> None:
    """End the session with this process id, and wait until it has ended."""
    # the function itself can wait since PostgreSQL 14 only
    connection.run("select pg_terminate_backend(:pid)", pid=pid)
    while connection.run("select pid from pg_stat_activity where pid = :pid", pid=pid):
        time.sleep(PAUSE)
