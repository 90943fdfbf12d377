"""Write the definitions that Terraform's QuickSight modules read.

    python -m embedded.server python -m artifacts.quicksight

POSTGRES_DSN contains the DSN of an empty database, in which the warehouse is created.
"""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from artifacts.folder import replaced, write_texts
from artifacts.quicksight.files import NAMES, files
from contracts import PlatformError
from postgres import connected, from_dsn
from warehouse import migrate

ABOUT = """Write the definitions that Terraform's QuickSight modules read: each question of
the project as a data set, with the column types of its answer, and the dashboard.

`python -m artifacts` writes them too, beside everything else that Terraform deploys."""

EXAMPLES = """examples:
  python -m embedded.server python -m artifacts.quicksight

POSTGRES_DSN contains the DSN of an empty database; `python -m embedded.server` sets it."""


def main(argv: Sequence[str]) -> None:
    """Create the warehouse in the database of POSTGRES_DSN, and write the definitions."""
    arguments = _parser().parse_args(argv)
    with (
        connected(from_dsn(os.environ["POSTGRES_DSN"]), "artifacts") as connection,
        replaced(arguments.out, NAMES) as folder,
    ):
        migrate(connection)
        write_texts(folder, files(connection))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "python -m artifacts.quicksight",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    default = Path("build/quicksight")
    parser.add_argument(
        "--out", type=Path, default=default, metavar="DIR", help=f"output folder ({default})"
    )
    return parser


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlatformError as error:
        sys.stderr.write(f"artifacts.quicksight: {error}\n")
        sys.exit(error.exit_code)
