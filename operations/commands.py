"""What each command does."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter

import boto3
from botocore.exceptions import BotoCoreError
from rich.console import Console

from operations.aws import Aws
from operations.deployment import Deployment, from_outputs, named
from operations.errors import InvalidQuestion, NotSignedIn
from operations.logs import Logs, Question, ago
from operations.smoke import smoke
from operations.status import status
from operations.terminal import show_line, show_status
from operations.warehouse import may_answer
from postgres import Address


def _status(arguments: Namespace) -> int:
    begun, aws = perf_counter(), Aws(_deployment(arguments))
    lake, services = aws.lake(), aws.services()

    def reader() -> Address:
        address, file = aws.reader(), arguments.ca_bundle
        return replace(address, sslrootcert=str(file)) if file else address

    found = status(lake, may_answer(lake, reader), services)
    show_status(found)
    seconds = {"total": round(perf_counter() - begun, 3)}
    print(json.dumps({**found.report(), "seconds": seconds}), flush=True)
    return 1 if found.warehouse.is_down else 0


def _logs(arguments: Namespace) -> int:
    question = Question(ago(arguments.since), arguments.filter, arguments.all)
    logs = Logs(_deployment(arguments), lambda told: print(told, file=sys.stderr, flush=True))
    screen = Console(highlight=False)  # as wide as it is
    for line in logs.follow(question) if arguments.follow else logs.lines(question):
        show_line(screen, line)
    return 0


def _smoke(arguments: Namespace) -> int:
    smoke(Aws(_deployment(arguments)), arguments.patience, print)
    return 0


def _deployment(arguments: Namespace) -> Deployment:
    if arguments.name:
        return named(arguments.name, arguments.region or _region())
    if sys.stdin.isatty():
        raise InvalidQuestion(
            "Of what? Give --name, as totesys-dev, or pipe in what `terraform output -json` prints:"
            " `make status` does."
        )
    return from_outputs(sys.stdin.read())


def _region() -> str:
    try:
        return os.environ.get("AWS_REGION") or boto3.Session().region_name or ""
    except BotoCoreError as wrong:  # a profile that is not there
        raise NotSignedIn(f"{wrong}. Check AWS_PROFILE.") from None


RUN: Mapping[str, Callable[[Namespace], int]] = {
    "status": _status,
    "logs": _logs,
    "smoke": _smoke,
}
