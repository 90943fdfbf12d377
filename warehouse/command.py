"""The commands of the warehouse: `python -m warehouse …`."""

import logging
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

import boto3

from lake.s3 import PATIENCE
from postgres import resolve
from warehouse.migrate import migrate_at
from warehouse.plan import SCHEMA

ABOUT = """Make the warehouse, or bring it to this version: tables, views, functions, and the group
roles warehouse_loader and warehouse_reader. Where all is well nothing happens."""

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> None:
    """Run a command; what goes wrong leaves it as a PlatformError."""
    run(_parser().parse_args(argv))


def run(arguments: Namespace) -> None:
    """Migrate the warehouse that the arguments name."""
    address = resolve(arguments.warehouse, os.environ, _secret, arguments.ca_bundle)
    applied = migrate_at(address, arguments.schema)
    for name in applied:
        logger.info("%s applied", name)
    logger.info("The warehouse in schema %s is up to date.", arguments.schema)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m warehouse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    add_arguments(
        commands.add_parser("migrate", help="make or migrate the warehouse", description=ABOUT)
    )
    return parser


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of `migrate`, as a command and as a job."""
    parser.add_argument(
        "--warehouse",
        required=True,
        metavar="REFERENCE",
        help="secretsmanager:NAME or env:VARIABLE, which holds the DSN of the warehouse's owner",
    )
    parser.add_argument("--schema", default=SCHEMA, help=f"of the warehouse's tables ({SCHEMA})")
    parser.add_argument(
        "--ca-bundle",
        metavar="FILE",
        help="certificates that vouch for a warehouse elsewhere (PGSSLROOTCERT)",
    )


def _secret(name: str) -> str:
    secrets = boto3.client("secretsmanager", config=PATIENCE)
    return secrets.get_secret_value(SecretId=name)["SecretString"]
