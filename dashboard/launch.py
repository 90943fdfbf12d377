"""The command line: `python -m dashboard …` starts the dashboard's web server."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from pathlib import Path

from contracts import PlatformError
from dashboard import ports, settings

HOST, PORT = "127.0.0.1", 8501
ROOT = Path(__file__).resolve().parents[1]
APP = Path(__file__).resolve().with_name("app.py")

ABOUT = """Show the warehouse: sales, purchases, payments, designs, the life of an order, and how
fresh all of it is. It reads the warehouse's views, and needs no right but a reader's."""

EXAMPLES = f"""examples:
  python -m dashboard --warehouse postgresql://analyst@localhost:5432/warehouse --lake ./lake

  export PGPASSWORD=…  PGSSLROOTCERT=ca.pem     # a warehouse elsewhere is met with TLS only
  python -m dashboard --warehouse postgresql://analyst@db.example.com/warehouse \\
      --lake s3://totesys-prod-ingestion-… s3://totesys-prod-processed-…

The user must be a member of warehouse_reader: its owner runs 'grant warehouse_reader to analyst'.
Rather than as an option, the DSN may stand in {settings.WAREHOUSE}, the lake in {settings.LAKE}.
Without a lake the page 'The platform' cannot tell what was set apart and what waits. A lake in S3
is read by the usual AWS credentials.

Anybody who reaches the port sees the data: it listens on {HOST} unless --host says otherwise, and
then a proxy that asks who comes should stand before it."""


def parser() -> ArgumentParser:
    """The parser of the command."""
    made = ArgumentParser(
        "python -m dashboard",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--warehouse",
        metavar="DSN",
        help="postgresql://user@host:port/database; the password comes from PGPASSWORD",
    )
    made.add_argument("--schema", help=f"of the warehouse's views ({settings.USUAL_SCHEMA})")
    made.add_argument(
        "--lake",
        nargs="+",
        default=[],
        metavar="PLACE",
        help="a directory, or s3://INGESTION s3://PROCESSED",
    )
    made.add_argument("--host", default=HOST, help=f"where to listen ({HOST})")
    made.add_argument("--port", type=ports.port, default=PORT, help=f"of the page ({PORT})")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Become the web server; where that cannot be, say why and return the exit status."""
    arguments = parser().parse_args(argv)
    try:
        told = environment(arguments.warehouse, arguments.lake, arguments.schema)
        where = settings.from_environment(told).warehouse
        ports.ensure_free(arguments.host, arguments.port)
    except PlatformError as error:
        sys.stderr.write(f"dashboard: {error}\n")
        return error.exit_code
    sys.stdout.write(f"Dashboard of {where}: http://{arguments.host}:{arguments.port}\n")
    sys.stdout.flush()
    words = command(arguments.host, arguments.port)
    return os.execve(words[0], words, told)  # nosec B606 # this interpreter, without a shell


def command(host: str, port: int) -> list[str]:
    """What starts the web server. Its arguments hold no secret: those are in the environment."""
    streamlit = [sys.executable, "-m", "streamlit", "run", str(APP)]
    return [*streamlit, f"--server.address={host}", f"--server.port={port}"]


def environment(
    warehouse: str | None,
    lake: Sequence[str] = (),
    schema: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment by which the web server knows where to look. Raises NotConfigured."""
    told = {
        settings.WAREHOUSE: warehouse,
        settings.SCHEMA: schema,
        settings.LAKE: " ".join(settings.stores(lake)) if lake else None,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), environ.get("PYTHONPATH")])),
    }
    return {**environ, **{name: value for name, value in told.items() if value}}
