"""The command line: `python -m operations …`."""

import os
import signal
import sys
from collections.abc import Sequence

from contracts import PlatformError
from operations import commands
from operations.usage import parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; print an error as one line on stderr."""
    arguments = parser().parse_args(argv)
    try:
        return commands.RUN[arguments.command](arguments)
    except PlatformError as error:
        if arguments.debug:
            raise
        print(f"operations {arguments.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # the normal end of following logs
        return 0 if getattr(arguments, "follow", False) else 128 + signal.SIGINT
    except BrokenPipeError:  # the reader has closed the pipe, as in `make logs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if arguments.debug:
            raise
        print(
            f"operations {arguments.command}: unexpected {type(error).__name__}: {error}."
            " Run again with --debug and report the output.",
            file=sys.stderr,
        )
        return 1
