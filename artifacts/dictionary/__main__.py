"""Write docs/data-dictionary.md after a change of contracts, migrations or views.

    python -m embedded.server python -m artifacts.dictionary

POSTGRES_DSN contains the DSN of an empty database, in which the warehouse is created.
"""

import os
import sys
from pathlib import Path

from artifacts.dictionary.page import PAGE, page
from contracts import PlatformError
from postgres import connected, from_dsn
from warehouse import migrate


def main(dsn: str, path: Path = PAGE) -> None:
    """Create the warehouse, and write the page from its catalog and the contracts."""
    with connected(from_dsn(dsn), "dictionary") as connection:
        migrate(connection)
        path.write_text(page(connection), encoding="utf-8")


if __name__ == "__main__":
    try:
        main(os.environ["POSTGRES_DSN"])
    except PlatformError as error:
        sys.stderr.write(f"dictionary: {error}\n")
        sys.exit(error.exit_code)
