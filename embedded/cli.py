"""The command line: `python -m embedded …`."""

import json
import signal
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from contracts import PlatformError
from embedded.progress import show_progress

ABOUT = """The whole platform on one machine: no AWS account, no Docker, no root.

A poll takes what changed in the source into the lake; the jobs build dimensions and facts as
Parquet and load them into the warehouse, with the full history of every fact."""

EXAMPLES = """examples:
  python -m embedded demo
  python -m embedded cycle --source postgresql://reader@localhost:5432/totesys \\
      --warehouse postgresql://loader@localhost:5432/warehouse --lake ./lake

A DSN is postgresql://user[:password]@host:port/database; without a password PGPASSWORD counts.
The last line on stdout is JSON: seq, changes, loaded_through, quarantined, seconds.
Exit status: 0 done, 1 a run that failed, 2 wrong usage or input."""

STEPS = {
    "cycle": ("one poll, then the workflow if the load lags", ("source", "warehouse")),
    "poll": ("one poll: what changed in the source becomes the next batch", ("source",)),
    "transform": ("build dimensions and facts of batches that lack them", ()),
    "load": ("load what was built and is not in the warehouse", ("warehouse",)),
}
OPTIONS = {
    "source": ("DSN", "the operational database; reading it needs no more than SELECT"),
    "warehouse": ("DSN", "the warehouse; it is made or migrated first"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; what went wrong is one line on stderr."""
    arguments = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if arguments.debug or arguments.command != "demo":  # the demo tells its own story
        show_progress(arguments.debug)
    try:
        arguments.run(arguments)
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
            " Run again with --debug and report what it prints.",
            file=sys.stderr,
        )
        return 1
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "python -m embedded",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    demo = commands.add_parser("demo", help="seed a source, change it, watch each change arrive")
    demo.set_defaults(run=_demo)
    demo.add_argument("--orders", type=int, default=200, help="orders to begin with (200)")
    for name, (about, required) in STEPS.items():
        step = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
        step.set_defaults(run=_step)
        for option, (metavar, meaning) in OPTIONS.items():
            step.add_argument(
                f"--{option}", required=option in required, metavar=metavar, help=meaning
            )
        step.add_argument("--lake", required=True, type=Path, metavar="DIR", help="kept, or made")
        step.add_argument("--schema", default="warehouse", help="the warehouse's schema")
        step.add_argument(
            "--allow-mass-delete",
            action="append",
            default=[],
            metavar="TABLE",
            help="let this poll delete more rows of the table than the breaker allows",
        )
    for command in commands.choices.values():
        command.add_argument("--debug", action="store_true", help="log everything, show tracebacks")
    return parser


def _demo(arguments: Namespace) -> None:
    from embedded.demo import demo  # noqa: PLC0415 - so that a poll need not load Spark's Python

    demo(arguments.orders)


def _step(arguments: Namespace) -> None:
    from embedded.platform import Platform  # noqa: PLC0415 - so that --help need not load Spark's

    begun = perf_counter()
    places = arguments.source or "", arguments.warehouse or "", arguments.schema
    with Platform(arguments.lake, *places) as platform:
        steps: dict[str, Callable[[], object]] = {
            "cycle": lambda: platform.cycle(arguments.allow_mass_delete),
            "poll": lambda: platform.poll(arguments.allow_mass_delete),
            "transform": platform.transform,
            "load": platform.load,
        }
        steps[arguments.command]()
        report = platform.report()
    report["seconds"]["total"] = round(perf_counter() - begun, 3)
    print(json.dumps(report), flush=True)
