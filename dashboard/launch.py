"""The command line `python -m dashboard`, which starts the dashboard's web server."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts import PlatformError
from contracts.project import PROJECT
from dashboard import ports, settings
from operations.deployment import EXAMPLE

HOST, PORT = "127.0.0.1", 8501
ROOT = Path(__file__).resolve().parents[1]
APP = Path(__file__).resolve().with_name("app.py")

ABOUT = """Show the warehouse in a browser: the pages of the project, the history of a
row, and how current the data is. The dashboard reads the warehouse's views and
needs only a reader's rights."""

EXAMPLES = f"""examples:
  python -m dashboard --lake ./lake \\
      --warehouse postgresql://analyst@localhost:5432/warehouse

  export PGPASSWORD=…  PGSSLROOTCERT=ca.pem   # another host requires TLS
  python -m dashboard \\
      --warehouse postgresql://analyst@db.example.com/warehouse \\
      --lake s3://{PROJECT}-prod-ingestion-… s3://{PROJECT}-prod-processed-… \\
      --deployment {PROJECT}-prod

The user must be a member of warehouse_reader. The warehouse's owner runs:
  grant warehouse_reader to analyst

Instead of options, {settings.WAREHOUSE} can contain the DSN and
{settings.LAKE} the lake. Without a lake, the pages 'Platform' and 'Runs' do not
show attempts, quarantined rows and waiting batches. A lake in S3 is read with
the default AWS credentials. Polls are shown as missing after three times the
seconds of --every, 15 minutes at least, or as the alarms of --deployment say.

Anyone who can connect to the port can see the data. The dashboard listens on
{HOST}. Before you pass another --host, put a proxy with authentication in
front of it."""


OPTIONS: Mapping[str, dict[str, Any]] = {
    "warehouse": {
        "metavar": "DSN",
        "help": "postgresql://user@host:port/database; PGPASSWORD contains the password",
    },
    "schema": {"help": f"schema of the warehouse's views (default {settings.DEFAULT_SCHEMA})"},
    "lake": {
        "nargs": "+",
        "default": [],
        "metavar": "ADDRESS",
        "help": "a directory, or s3://INGESTION s3://PROCESSED",
    },
    "every": {
        "type": float,
        "metavar": "SECONDS",
        "help": f"seconds from one poll to the next (default {settings.DEFAULT_EVERY:g})",
    },
    "deployment": {
        "metavar": "NAME",
        "help": f"prefix of the names in AWS ({EXAMPLE}): show whether its polls are paused",
    },
    "host": {"default": HOST, "help": f"address to listen on (default {HOST})"},
    "port": {"type": ports.port, "default": PORT, "help": f"port to listen on (default {PORT})"},
}


def parser() -> ArgumentParser:
    """Return the parser of the command."""
    result = ArgumentParser(
        "python -m dashboard",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    for name, option in OPTIONS.items():
        result.add_argument(f"--{name}", **option)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Replace this process by the web server, or print the error and return the exit status."""
    arguments = parser().parse_args(argv)
    try:
        environ = environment(
            arguments.warehouse,
            arguments.lake,
            arguments.schema,
            every=arguments.every,
            deployment=arguments.deployment,
        )
        warehouse = settings.from_environment(environ).warehouse
        ports.require_free(arguments.host, arguments.port)
    except PlatformError as error:
        sys.stderr.write(f"dashboard: {error}\n")
        return error.exit_code
    sys.stdout.write(f"Dashboard of {warehouse}: http://{arguments.host}:{arguments.port}\n")
    sys.stdout.flush()
    program = command(arguments.host, arguments.port)
    return os.execve(program[0], program, environ)  # nosec B606 # this interpreter, without a shell


def command(host: str, port: int) -> list[str]:
    """Return the command of the web server. Secrets are in the environment, not in arguments."""
    streamlit = [sys.executable, "-m", "streamlit", "run", str(APP)]
    # `child` reads the address in the welcome message, which a user's settings may hide.
    options = [f"--server.address={host}", f"--server.port={port}"]
    return [*streamlit, *options, "--logger.hideWelcomeMessage=false"]


def environment(
    warehouse: str | None,
    lake: Sequence[str] = (),
    schema: str | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    every: float | None = None,
    deployment: str | None = None,
) -> dict[str, str]:
    """Return the environment of the web server. Raises NotConfigured."""
    variables = {
        settings.WAREHOUSE: warehouse,
        settings.SCHEMA: schema,
        settings.LAKE: " ".join(settings.stores(lake)) if lake else None,
        settings.EVERY: f"{every:g}" if every else None,
        settings.DEPLOYMENT: deployment,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), environ.get("PYTHONPATH")])),
    }
    return {**environ, **{name: value for name, value in variables.items() if value}}
