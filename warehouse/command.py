"""The commands of the warehouse: `python -m warehouse …`."""

import logging
import os
from argparse import ArgumentParser
from collections.abc import Sequence

import boto3

from postgres import resolve
from warehouse.migrate import migrate_at
from warehouse.plan import SCHEMA

ABOUT = """Make the warehouse, or bring it to this version: tables, views, functions, and the group
roles warehouse_loader and warehouse_reader. Where all is well nothing happens."""

logger = logging.getLogger(__name__)


def main(argv: Sequence[str]) -> None:
    """Run a command; what goes wrong leaves it as a PlatformError."""
    arguments = _parser().parse_args(argv)
    address = resolve(arguments.warehouse, os.environ, _secret)
    applied = migrate_at(address, arguments.schema)
    for name in applied:
        logger.info("%s applied", name)
    logger.info("The warehouse in schema %s is up to date.", arguments.schema)


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m warehouse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    migrate = commands.add_parser(
        "migrate", help="make or migrate the warehouse", description=ABOUT
    )
    migrate.add_argument(
        "--warehouse",
        required=True,
        metavar="REFERENCE",
        help="secretsmanager:NAME or env:VARIABLE, which holds the DSN of the warehouse's owner",
    )
    migrate.add_argument("--schema", default=SCHEMA, help=f"of the warehouse's tables ({SCHEMA})")
    return parser


def _secret(name: str) -> str:
    return boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
