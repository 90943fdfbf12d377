"""The commands and options of the command line, and the texts of --help."""

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from operations.deployment import EXAMPLE

ABOUT = """Operate the platform in AWS: `make preflight`, `make migrate`, `make status`,
`make reconcile`, `make logs` and `make smoke` call this.

Terraform's outputs on standard input name the deployment, or --name does
without Terraform's state. AWS credentials come from AWS_PROFILE, `aws sso
login`, or the environment."""

EXAMPLES = f"""examples:
  make status                       of dev; ENV=prod for the other environment
  make logs SINCE=2h FILTER=error   two hours, only lines with that text
  make logs FOLLOW=1                the last hour, then new lines, until Ctrl-C
  make status NAME={EXAMPLE} REGION=eu-west-2
  .ci/terraform dev output -json | python -m operations status
  python -m operations reconcile --name {EXAMPLE} --region eu-west-2

Exit status: 0 done, 1 a request failed or the platform is not well, 2 wrong
usage, 3 unexplained differences (reconcile)."""

STATUS = """Show the health and the last attempts of every part, loaded and pending batches, the
quarantine, the schedule, active alarms, polls that failed for good, and the last runs of the
workflow. The warehouse is read with the secret NAME/warehouse-reader; if it cannot be reached, the
load log is shown and the exit status is 1. The last line on stdout is JSON."""
RECONCILE = """Compare the source, the mirror in the lake's buckets, and the warehouse, value by
value. The databases are those of the secrets NAME/source and NAME/warehouse-reader, read with the
caller's credentials, and must be reachable from this machine. The last line on stdout is JSON; the
exit status is 3 if a difference is not explained."""
BACKFILL = """Fill a column that was added to the warehouse, from landed rows that have it, and
count the versions whose landed rows do not. The warehouse is that of NAME/warehouse-owner,
read with the caller's credentials, and must be reachable from this machine. Loads wait meanwhile.
The last line on stdout is JSON."""
PUBLISH = """Add what is in the warehouse to Iceberg tables of the Data Catalog, in the databases
NAME_published_ingestion and NAME_published_processed_g<generation> ('_' for '-'). It may run at any
time, and again after any failure: nothing is added twice. --again drops the tables from the catalog
first, and makes them new from the logs; no object is deleted. The last line on stdout is JSON."""
COMPACT = """Publish, and replace small files of the published tables by large ones, below
_compacted/ in the bucket *processed*. No row changes, and the original files stay. It may run at
any time, except while personal values are erased. The last line on stdout is JSON."""
QUARANTINE = "Print every open row in quarantine as CSV: table, key, batch, time, reasons."
SLOT = """Show the replication slots of the source, from which polls with CAPTURE=log read, and what
the server keeps for them; --drop drops that of --slot. The database is that of the secret
NAME/source, and must be reachable from this machine. The last line on stdout is JSON."""
LOGS = """Show the logs of polls and jobs, merged by time (UTC): time, part, level, message, fields.
Routine messages of Lambda, Glue and Spark are left out."""
MIGRATE = """Run the Glue job that creates the warehouse, or migrates it to the applied release, and
wait for its end. Run it after every `make apply`: if nothing is new, it changes nothing."""
SMOKE = """Poll once, wait for the jobs that the poll started, and fail on an error or an active
alarm. A migration that is in progress is awaited first."""
PREFLIGHT = f"""Check the account and the databases, before `make apply` and after it: credentials,
clock, quotas, subnets and their routes, secrets, what the source's role may read and call, the
engine of Athena, the subscriptions to alarms. One line each: OK, FAILED with the remedy, or - with
the reason why it is not checked. It changes nothing. Terraform's variables on standard input
describe the deployment, as `make preflight` passes them; --name {EXAMPLE} does after `make apply`.
The exit status is 1 if a check fails."""
REFERENCE = "env:VARIABLE (a DSN in the environment) or secretsmanager:NAME"


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1
    if minutes < 0 or not isfinite(minutes):
        raise ArgumentTypeError(f"{text!r} is not a number of minutes")
    return minutes


STATUS_OPTIONS: Mapping[str, dict[str, Any]] = {
    "check": {
        "action": "store_true",
        "help": "exit with 1 if the platform is failing, stale, or unreachable",
    },
    "json": {"action": "store_true", "help": "print only the JSON"},
    "stale-after": {
        "type": _minutes,
        "metavar": "MINUTES",
        "help": "age at which missing polls and waiting batches are stale (15 and 20)",
    },
}
"""The options of `status` that `embedded` has too."""


def parser() -> ArgumentParser:
    """Return the parser of all commands."""
    result = ArgumentParser(
        "python -m operations",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = result.add_subparsers(dest="command", required=True, metavar="command")
    for name, (summary, description, options) in _commands().items():
        command = commands.add_parser(name, help=summary, description=description)
        for add_options in (_add_deployment, *options):
            add_options(command)
    return result


def _commands() -> Mapping[str, tuple[str, str, tuple[Callable[[ArgumentParser], None], ...]]]:
    """Return the summary, the description and the options of each command."""
    return {
        "status": (
            "loaded and pending batches, alarms, runs", STATUS, (_add_ca_bundle, _add_check),
        ),
        "reconcile": (
            "compare source, mirror and warehouse", RECONCILE, (_add_ca_bundle, _add_databases),
        ),
        "backfill": (
            "fill a column that was added", BACKFILL, (_add_ca_bundle, _add_column),
        ),
        "slot": ("replication slots of the source", SLOT, (_add_ca_bundle, _add_slot)),
        "compact": ("replace small published files by large ones", COMPACT, ()),
        "publish": ("add what is loaded to Iceberg tables", PUBLISH, (_add_again,)),
        "logs": ("logs of all parts, merged", LOGS, (_add_selection,)),
        "quarantine": ("every quarantined row as CSV", QUARANTINE, ()),
        "migrate": ("create or migrate the warehouse", MIGRATE, (_add_patience,)),
        "smoke": ("poll once, and check the result", SMOKE, (_add_patience,)),
        "preflight": ("check account and databases", PREFLIGHT, (_add_ca_bundle, _add_form)),
    }  # fmt: skip


def _add_patience(command: ArgumentParser) -> None:
    command.add_argument(
        "--patience", type=float, default=1_200, metavar="SECONDS", help="maximum wait (1200)"
    )


def _add_deployment(command: ArgumentParser) -> None:
    command.add_argument("--name", help=f"prefix of the names in AWS ({EXAMPLE}); needs no outputs")
    command.add_argument("--region", help="with --name (AWS_REGION, or that of the profile)")
    command.add_argument("--debug", action="store_true", help="show tracebacks")


def _add_ca_bundle(command: ArgumentParser) -> None:
    command.add_argument(
        "--ca-bundle",
        type=Path,
        metavar="FILE",
        help="certificates that verify remote databases (PGSSLROOTCERT)",
    )


def _add_check(command: ArgumentParser) -> None:
    command.add_argument(
        "--no-warehouse", action="store_true", help="do not ask the warehouse: it is out of reach"
    )
    for option, settings in STATUS_OPTIONS.items():
        command.add_argument(f"--{option}", **settings)


def _add_databases(command: ArgumentParser) -> None:
    command.add_argument(
        "--source", metavar="REFERENCE", help=f"{REFERENCE} (secretsmanager:NAME/source)"
    )
    command.add_argument(
        "--warehouse",
        metavar="REFERENCE",
        help="likewise (secretsmanager:NAME/warehouse-reader)",
    )
    command.add_argument("--schema", default="warehouse", help="the warehouse's schema (warehouse)")


def _add_column(command: ArgumentParser) -> None:
    command.add_argument("--table", required=True, help="fact or dimension of the warehouse")
    command.add_argument("--column", required=True, help="column that may be NULL")
    command.add_argument(
        "--warehouse",
        metavar="REFERENCE",
        help=f"{REFERENCE} of the owner (secretsmanager:NAME/warehouse-owner)",
    )
    command.add_argument("--schema", default="warehouse", help="the warehouse's schema (warehouse)")


def _add_slot(command: ArgumentParser) -> None:
    command.add_argument(
        "--source", metavar="REFERENCE", help=f"{REFERENCE} (secretsmanager:NAME/source)"
    )
    command.add_argument("--drop", action="store_true", help="drop the slot of --slot")
    command.add_argument("--slot", default="", metavar="SLOT", help="the slot to drop")


def _add_again(command: ArgumentParser) -> None:
    command.add_argument(
        "--again", action="store_true", help="drop all published tables first: all are made new"
    )


def _add_form(command: ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print a list for programs")
    command.add_argument(
        "--source",
        metavar="REFERENCE",
        help=f"{REFERENCE}, before the secrets have values (secretsmanager:NAME/source)",
    )
    command.add_argument(
        "--warehouse",
        metavar="REFERENCE",
        help="likewise, as its owner (secretsmanager:NAME/warehouse-owner)",
    )
    command.add_argument(
        "--sql",
        action="store_true",
        help="print a script for the owner of the source, which only reads, and check nothing",
    )
    command.add_argument(
        "--role", default="platform", help="with --sql: the source's role of the polls (platform)"
    )


def _add_selection(command: ArgumentParser) -> None:
    command.add_argument(
        "--since", default="1h", metavar="SPAN", help="time span up to now: 30m, 2h, 1d (1h)"
    )
    command.add_argument(
        "--filter", default="", metavar="TEXT", help="only lines with this text, in any case"
    )
    command.add_argument(
        "--follow", action="store_true", help="continue with new lines, until Ctrl-C"
    )
    command.add_argument(
        "--all", action="store_true", help="also routine messages of Lambda, Glue and Spark"
    )
