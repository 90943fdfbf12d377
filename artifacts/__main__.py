"""`python -m artifacts`."""

import sys

from artifacts.command import main
from contracts import PlatformError

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlatformError as error:
        sys.stderr.write(f"artifacts: {error}\n")
        sys.exit(error.exit_code)
