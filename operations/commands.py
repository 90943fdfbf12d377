"""The commands for a deployed platform."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError
from rich.console import Console

import contracts
from glue_jobs.build.generation import check_generation
from lake import Lake
from lake.aws import CLIENT_CONFIG
from lake.quarantine import quarantine
from operations.alarms import limits
from operations.aws import Aws, requesting
from operations.backfill import backfill
from operations.deployment import EXAMPLE, Deployment, from_outputs, named
from operations.errors import InvalidQuestion, NotSignedIn
from operations.logs import Logs, Question, ago
from operations.preflight.check import Result
from operations.preflight.checks import preflight
from operations.preflight.rights import script
from operations.preflight.screen import show_findings
from operations.preflight.target import Target, from_variables, of_name
from operations.quarantined_rows import keys_as_csv, quarantined_keys
from operations.reconcile import reconcile
from operations.reconcile.screen import show_reconciliation
from operations.slots import drop_slot, list_slots, report, show_slots
from operations.smoke import migrate, smoke
from operations.status import exit_status, status
from operations.terminal import show_line, show_status
from operations.warehouse_state import NOT_ASKED, read_warehouse

if TYPE_CHECKING:
    from publish.glue_catalog import GlueTables


def _status(arguments: Namespace) -> int:
    start, aws = perf_counter(), Aws(_deployment(arguments), arguments.ca_bundle)
    lake, services = aws.lake(), aws.services()
    reader = _secret(aws.deployment.reader_secret)
    is_asked = not arguments.no_warehouse
    warehouse = read_warehouse(lake, lambda: aws.address(reader)) if is_asked else NOT_ASKED
    result = status(lake, warehouse, services, limits(arguments.stale_after, aws.limits()))
    if not arguments.json:
        show_status(result)
    _report(result.report(), start)
    return exit_status(result, arguments.check)


def _reconcile(arguments: Namespace) -> int:
    start, aws = perf_counter(), Aws(_deployment(arguments), arguments.ca_bundle)
    source = aws.address(arguments.source or _secret(aws.deployment.source_secret))
    warehouse = aws.address(arguments.warehouse or _secret(aws.deployment.reader_secret))
    result = reconcile(aws.lake(), source, warehouse, arguments.schema)
    show_reconciliation(result)
    _report(result.report(), start)
    return result.exit_status


def _backfill(arguments: Namespace) -> int:
    start, aws = perf_counter(), Aws(_deployment(arguments), arguments.ca_bundle)
    owner = _secret(f"{aws.deployment.name}/warehouse-owner")
    address, column = aws.address(arguments.warehouse or owner), (arguments.table, arguments.column)
    _report(backfill(aws.lake(), address, arguments.schema, *column).report(), start)
    return 0


def _quarantine(arguments: Namespace) -> int:
    lake = Aws(_deployment(arguments)).lake()
    print(keys_as_csv(quarantined_keys(lake, quarantine(lake).open)), end="", flush=True)
    return 0


def _slot(arguments: Namespace) -> int:
    start, aws = perf_counter(), Aws(_deployment(arguments), arguments.ca_bundle)
    address = aws.address(arguments.source or _secret(aws.deployment.source_secret))
    dropped = drop_slot(address, arguments.slot) if arguments.drop else ""
    slots = list_slots(address)
    show_slots(slots, dropped)
    _report(report(slots, dropped), start)
    return 0


def _publish(arguments: Namespace) -> int:
    from publish.publisher import publish

    start = perf_counter()
    with _published(arguments) as (lake, tables):
        if arguments.again:
            tables.forget()
        result = publish(lake, tables)
    _report({"files": sum(result.files.values()), "commits": result.commits}, start)
    return 0


def _compact(arguments: Namespace) -> int:
    from publish.compactor import compact

    start = perf_counter()
    with _published(arguments) as (lake, tables):
        result = compact(lake, tables)
    _report(vars(result), start)
    return 0


@contextmanager
def _published(arguments: Namespace) -> "Iterator[tuple[Lake, GlueTables]]":
    """Provide the lake of the deployment and its published tables."""
    # imported only here: pyiceberg takes longer than most commands
    from publish.glue_catalog import GlueTables

    aws = Aws(_deployment(arguments))
    lake, region = aws.lake(), aws.region
    glue = boto3.client("glue", region_name=region, config=CLIENT_CONFIG)
    with requesting("published table in the Data Catalog", region):
        yield lake, GlueTables(lake, glue, aws.deployment.name.replace("-", "_"))


def _logs(arguments: Namespace) -> int:
    question = Question(ago(arguments.since), arguments.filter, arguments.all)
    logs = Logs(_deployment(arguments), lambda text: print(text, file=sys.stderr, flush=True))
    screen = Console(highlight=False)  # as wide as the terminal
    for line in logs.follow(question) if arguments.follow else logs.lines(question):
        show_line(screen, line)
    return 0


def _migrate(arguments: Namespace) -> int:
    aws = Aws(_deployment(arguments))
    check_generation(aws.lake(), contracts.warehouse())
    migrate(aws, arguments.patience, print)
    return 0


def _smoke(arguments: Namespace) -> int:
    smoke(Aws(_deployment(arguments)), arguments.patience, print)
    return 0


def _preflight(arguments: Namespace) -> int:
    if arguments.sql:
        print(script(contracts.source(), arguments.role), end="")
        return 0
    given = {"source": arguments.source, "warehouse-owner": arguments.warehouse}
    references = {role: reference for role, reference in given.items() if reference}
    found = preflight(replace(_target(arguments), references=references))
    findings = [*found] if arguments.json else show_findings(found)
    if arguments.json:
        print(json.dumps([finding.report() for finding in findings]))
    return 1 if any(finding.result is Result.FAILED for finding in findings) else 0


def _target(arguments: Namespace) -> Target:
    if arguments.name:
        return of_name(arguments.name, arguments.region or _region(), arguments.ca_bundle)
    if sys.stdin.isatty():
        raise InvalidQuestion(
            f"No deployment is named. To fix: run `make preflight`, or give --name {EXAMPLE}."
        )
    return from_variables(sys.stdin.read(), arguments.ca_bundle)


def _report(report: Mapping[str, Any], start: float) -> None:
    """Print the last line, which programs read."""
    seconds = {"total": round(perf_counter() - start, 3)}
    print(json.dumps({**report, "seconds": seconds}), flush=True)


def _secret(name: str) -> str:
    return f"secretsmanager:{name}"


def _deployment(arguments: Namespace) -> Deployment:
    if arguments.name:
        return named(arguments.name, arguments.region or _region())
    if sys.stdin.isatty():
        raise InvalidQuestion(
            f"No deployment is named. To fix: give --name, for example {EXAMPLE}, or pipe in the"
            f" output of `terraform output -json`, as `make {arguments.command}` does."
        )
    return from_outputs(sys.stdin.read())


def _region() -> str:
    try:
        return os.environ.get("AWS_REGION") or boto3.Session().region_name or ""
    except BotoCoreError as error:  # the profile does not exist
        raise NotSignedIn(f"{error}. To fix: check AWS_PROFILE.") from None


RUN: Mapping[str, Callable[[Namespace], int]] = {
    "status": _status,
    "reconcile": _reconcile,
    "backfill": _backfill,
    "quarantine": _quarantine,
    "slot": _slot,
    "publish": _publish,
    "compact": _compact,
    "logs": _logs,
    "migrate": _migrate,
    "smoke": _smoke,
    "preflight": _preflight,
}
