"""`python -m warehouse`."""

import logging
import sys

from contracts import PlatformError
from warehouse.command import main

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)  # logs the source of the credentials
    try:
        main(sys.argv[1:])
    except PlatformError as error:
        sys.stderr.write(f"warehouse: {error}\n")
        sys.exit(error.exit_code)
