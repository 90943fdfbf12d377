"""What the command line takes, and what --help teaches."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path

ABOUT = """How what runs in AWS is: `make status`, `make logs` and `make smoke` call this.

What is deployed is told by Terraform's outputs on standard input, or by --name where nobody has
Terraform's state at hand. Credentials are found as every AWS program finds them: by AWS_PROFILE,
`aws sso login`, or the environment."""

EXAMPLES = """examples:
  make status                             of terraform/dev; ENV=prod for the other
  make logs SINCE=2h FILTER=error         the last two hours, lines with that text alone
  make logs FOLLOW=1                      the last hour, then what comes, until Ctrl-C
  make status NAME=totesys-prod REGION=eu-west-2
  terraform output -json | python -m operations status
  python -m operations status --name totesys-prod --region eu-west-2

Exit status: 0 it is told, 1 a call failed or the platform is not well, 2 wrong usage."""

STATUS = """What was loaded, what waits where, what is set apart; the schedule, the alarms that are
on, polls that failed for good, and the workflow's last runs. The warehouse is asked with the secret
NAME/warehouse-reader; where it cannot be reached from here, the load log tells of it. The last line
on stdout is JSON."""
LOGS = """The logs of the poll and the jobs, merged by time (UTC): time, part, level, message,
fields. What Lambda, Glue and Spark say of themselves while all is well is left out."""
SMOKE = "Polls once, waits for the jobs that the poll started, and fails on an error or an alarm."


def parser() -> ArgumentParser:
    """The parser of all commands."""
    made = ArgumentParser(
        "python -m operations",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    added = made.add_subparsers(dest="command", required=True, metavar="command")
    status = added.add_parser("status", help="what is loaded, waits and runs", description=STATUS)
    logs = added.add_parser("logs", help="what the parts log, merged by time", description=LOGS)
    smoke = added.add_parser("smoke", help="poll once, and see that all is well", description=SMOKE)
    for command in (status, logs, smoke):
        _add_deployment(command)
    status.add_argument(
        "--ca-bundle",
        type=Path,
        metavar="FILE",
        help="certificates that vouch for the warehouse (PGSSLROOTCERT)",
    )
    logs.add_argument(
        "--since", default="1h", metavar="SPAN", help="how far back: 30m, 2h, 1d (1h)"
    )
    logs.add_argument(
        "--filter", default="", metavar="TEXT", help="only lines with this text, in any case"
    )
    logs.add_argument("--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    logs.add_argument(
        "--all", action="store_true", help="everything, what Lambda, Glue and Spark say too"
    )
    smoke.add_argument(
        "--patience", type=float, default=1_200, metavar="SECONDS", help="to wait at most (1200)"
    )
    return made


def _add_deployment(command: ArgumentParser) -> None:
    command.add_argument(
        "--name", help="what the names in AWS begin with, as totesys-dev; no outputs are read then"
    )
    command.add_argument("--region", help="with --name (AWS_REGION, or that of the profile)")
    command.add_argument("--debug", action="store_true", help="show tracebacks")
