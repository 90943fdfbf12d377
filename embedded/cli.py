"""The command line: `python -m embedded …`."""

import signal
import sys
from collections.abc import Sequence

import contracts
from contracts import PlatformError
from embedded import commands
from embedded.progress import finish_progress, log_steps, show_progress
from embedded.usage import QUIET, parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; print an error as one line on stderr."""
    arguments = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    log_steps(arguments.debug)
    if arguments.debug or arguments.command not in QUIET:
        show_progress(arguments.debug)
    try:
        try:
            contracts.warehouse()  # an invalid contract is refused before anything is done
            return commands.RUN[arguments.command](arguments)
        finally:
            finish_progress()
    except PlatformError as error:
        if arguments.debug:
            raise
        print(f"embedded {arguments.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"embedded {arguments.command}: stopped; nothing is half done.", file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception as error:
        if arguments.debug:
            raise
        print(
            f"embedded {arguments.command}: unexpected {type(error).__name__}: {error}."
            " Run again with --debug and report the output.",
            file=sys.stderr,
        )
        return 1
