"""The Glue job that makes the warehouse, or brings it to this version."""

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from warehouse.command import add_arguments, run


def main(argv: Sequence[str]) -> None:
    """Migrate. Arguments that nobody knows are Glue's and pass unread."""
    # abbreviations are off: an argument of Glue's could look like one
    parser = ArgumentParser(description=__doc__, allow_abbrev=False)
    add_arguments(parser)
    arguments, _ = parser.parse_known_args(argv)
    run(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # it tells where credentials came from
    main(sys.argv[1:])
