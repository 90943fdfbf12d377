"""Run a command with a temporary PostgreSQL server, whose DSN is in POSTGRES_DSN.

    python -m embedded.server psql-like-program ...

The exit status is that of the command.
"""

import os
import subprocess  # nosec B404 # it runs the command that the caller typed
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from embedded.server import running

FAST = {"fsync": "off", "full_page_writes": "off"}  # the data is deleted with the server


def main(command: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    # outside the working directory: as root the server runs as another user
    with (
        tempfile.TemporaryDirectory(prefix="postgresql-") as directory,
        running(Path(directory), FAST) as server,
    ):
        environment = {**os.environ, "POSTGRES_DSN": server.dsn()}
        done = subprocess.run(command, env=environment, check=False)  # nosec B603 # as above
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if sys.argv[1:] else __doc__)
