"""The Glue job that creates the warehouse, or migrates it to this version."""

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from warehouse.command import add_arguments, run


def main(argv: Sequence[str]) -> None:
    """Migrate the warehouse. Unknown arguments are those of Glue, and are ignored."""
    # Without allow_abbrev=False an argument of Glue could match an abbreviation.
    parser = ArgumentParser(description=__doc__, allow_abbrev=False)
    add_arguments(parser)
    arguments, _ = parser.parse_known_args(argv)
    run(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # logs the source of the credentials
    main(sys.argv[1:])
