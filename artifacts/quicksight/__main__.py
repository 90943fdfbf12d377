"""`python -m artifacts.quicksight`."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter

from artifacts.quicksight.files import write
from contracts import PlatformError
from postgres import connected, from_dsn
from warehouse import SCHEMA

ABOUT = """Write what Terraform tells QuickSight, anew: the questions of totesys/questions as data
sets, typed as a warehouse answers them, and the dashboard that shows them."""

EXAMPLES = """examples:
  python -m embedded migrate --warehouse postgresql://owner@localhost:5432/warehouse
  python -m artifacts.quicksight postgresql://owner@localhost:5432/warehouse

A warehouse without rows will do; without a password in the DSN PGPASSWORD counts."""


def main() -> None:
    """Write it, typed as the warehouse of the command line has it."""
    parser = ArgumentParser(
        "python -m artifacts.quicksight",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("warehouse", metavar="DSN", help="a warehouse of this version")
    parser.add_argument("--schema", default=SCHEMA, help=f"of its tables ({SCHEMA})")
    arguments = parser.parse_args()
    with connected(from_dsn(arguments.warehouse), "artifacts") as connection:
        write(connection, arguments.schema)


if __name__ == "__main__":
    try:
        main()
    except PlatformError as error:
        sys.stderr.write(f"artifacts.quicksight: {error}\n")
        sys.exit(error.exit_code)
