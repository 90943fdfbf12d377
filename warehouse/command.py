"""The commands of the warehouse: `python -m warehouse …`."""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from lake import new_run, open_store
from lake.attempts import MIGRATE, Attempts
from lake.aws import read_secret
from lake.recording import Recording
from postgres import resolve
from warehouse.migrate import migrate_at
from warehouse.plan import SCHEMA

ABOUT = """Create the warehouse, or migrate it to this version: tables, views, functions, and the
group roles warehouse_loader and warehouse_reader. An up-to-date warehouse does not change."""

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> None:
    """Run a command. Raises PlatformError."""
    run(_parser().parse_args(argv))


def run(arguments: Namespace) -> None:
    """Migrate the warehouse of the arguments, and record the attempt if they name a lake."""
    with _recorded(arguments.processed):
        address = resolve(arguments.warehouse, os.environ, read_secret, arguments.ca_bundle)
        applied = migrate_at(address, arguments.schema)
        for name in applied:
            logger.info("%s applied", name)
        logger.info("The warehouse in schema %s is up to date.", arguments.schema)


def _recorded(processed: str | None) -> AbstractContextManager[object]:
    if processed is None:
        return nullcontext()
    store = open_store(processed)
    return Recording(Attempts(store, store), MIGRATE, new_run())


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m warehouse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    add_arguments(
        commands.add_parser("migrate", help="create or migrate the warehouse", description=ABOUT)
    )
    return parser


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `migrate`, which the command and the Glue job share."""
    parser.add_argument(
        "--warehouse",
        required=True,
        metavar="REFERENCE",
        help="secretsmanager:NAME or env:VARIABLE with the DSN of the warehouse's owner",
    )
    parser.add_argument("--schema", default=SCHEMA, help=f"schema of the warehouse ({SCHEMA})")
    parser.add_argument(
        "--ca-bundle",
        metavar="FILE",
        help="CA certificates that verify the warehouse's server (PGSSLROOTCERT)",
    )
    parser.add_argument(
        "--processed",
        metavar="ADDRESS",
        help="s3:// or file://, the lake's store that records the attempt (none)",
    )
