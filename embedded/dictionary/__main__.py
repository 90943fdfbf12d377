"""`python -m embedded.dictionary` writes docs/data-dictionary.md anew, after a change of contracts,
migrations or views."""

import sys
import tempfile
from pathlib import Path

from contracts import PlatformError
from embedded.dictionary.page import PAGE, page
from embedded.server import running
from postgres import connected, from_dsn
from warehouse import migrate

FAST = {"fsync": "off", "full_page_writes": "off"}  # the database is gone when the page is there


def main(path: Path = PAGE) -> None:
    """Migrate a warehouse that is there for nothing else, and write what it says of itself."""
    # not in a folder of ours: as root the server is another user
    with (
        tempfile.TemporaryDirectory(prefix="totesys-dictionary-") as directory,
        running(Path(directory), FAST) as server,
        connected(from_dsn(server.dsn()), "dictionary") as connection,
    ):
        migrate(connection)
        path.write_text(page(connection), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except PlatformError as error:
        sys.stderr.write(f"dictionary: {error}\n")
        sys.exit(error.exit_code)
