"""The Lambda's entry: choose the adapters, poll once, let errors leave as exceptions."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from time import perf_counter
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.native import Connection

import contracts
from contracts import PlatformError, Source
from ingestion_lambda.aws import EventBridgeBus
from ingestion_lambda.errors import InvalidSettings, SecretUnavailable
from ingestion_lambda.metrics import NAMESPACE, SERVICE, Measured, measured, refused
from ingestion_lambda.options import read_options
from ingestion_lambda.poll import Polled, poll
from lake import new_run, open_lake
from lake.s3 import PATIENCE
from postgres import NotAuthenticated, connected, from_secret

SECRET_AGE = 3600
"""Seconds for which warm invocations use the secret as last read; a password that was changed
meanwhile is found out by the source's refusal."""

logger = Logger(service=SERVICE)
OURS = logging.getLogger("ingestion_lambda")  # the libraries' logs stay their own
copy_config_to_registered_loggers(source_logger=logger, include={OURS.name})


@logger.inject_lambda_context
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Poll the source once; the environment names everything.

    SOURCE_SECRET      secret with host, port, dbname, username, password of the source
    INGESTION_BUCKET   where batches land
    PROCESSED_BUCKET   where the load log is
    GENERATION         which replay the load log belongs to (1)
    EVENT_BUS          bus that carries the event ("default")
    WORKFLOW           Glue workflow that the event starts
    PGSSLROOTCERT      file with the certificates of the authority that vouches for the source

    ``event`` may hold ``allow_mass_delete`` and ``reread``, lists of tables, and
    ``accept_source``, true or false. Answers the last seq committed and the counts of changed
    rows. Errors leave as exceptions, so that retry, DLQ and alarm work; then there is no
    heartbeat, so that the alarm on silence does, and the metric of refusals says which error.
    """
    begun, run, source = perf_counter(), new_run(), contracts.source()
    logger.set_correlation_id(run)
    try:
        polled = _poll(event, source, run)
    except PlatformError as refusal:
        _tell(source, refusal)
        raise
    _send(measured(source.name, polled, perf_counter() - begun))
    return {"seq": polled.seq, "changes": polled.changes, "emitted": polled.emitted}


def _poll(event: object, source: Source, run: str) -> Polled:
    orders, secret = read_options(event), _setting("SOURCE_SECRET")
    lake = open_lake(
        f"s3://{_setting('INGESTION_BUCKET')}",
        f"s3://{_setting('PROCESSED_BUCKET')}",
        _generation(),
    )
    bus = EventBridgeBus(
        boto3.client("events", config=PATIENCE),
        boto3.client("glue", config=PATIENCE),
        _setting("EVENT_BUS", "default"),
        _setting("WORKFLOW"),
    )
    with _connected(secret) as connection:
        return poll(connection, source, lake, bus, run, orders)


def _setting(name: str, default: str = "") -> str:
    """The variable's value. Raises InvalidSettings."""
    if setting := os.environ.get(name, default):
        return setting
    raise InvalidSettings(
        f"{name} is missing or empty in the function's environment. Set it as Terraform's module"
        " ingestion does."
    )


def _generation() -> int:
    text = _setting("GENERATION", "1")
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise InvalidSettings(f"GENERATION is {text!r}. Set it to a number from 1 on.")


@contextmanager
def _connected(secret: str) -> Iterator[Connection]:
    """The source for the block; where it refuses the password, the secret is read again, once."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(connected(from_secret(_read(secret)), SERVICE))
        except NotAuthenticated as refusal:
            logger.warning("reading the secret again", extra={"reason": str(refusal)})
            address = from_secret(_read(secret, anew=True))
            connection = stack.enter_context(connected(address, SERVICE))
        yield connection


@cache
def _secrets() -> SecretsProvider:
    """Shared by warm invocations, with the secrets that it keeps for SECRET_AGE."""
    return SecretsProvider(boto_config=PATIENCE)


def _read(secret: str, *, anew: bool = False) -> str:
    try:
        return str(_secrets().get(secret, max_age=SECRET_AGE, force_fetch=anew))
    except GetParameterError as refusal:
        raise SecretUnavailable(
            f"The secret {secret} cannot be read: {refusal}. Check SOURCE_SECRET, and that the"
            " function's role may read it."
        ) from refusal


def _tell(source: Source, refusal: PlatformError) -> None:
    """Count the refusal; it says more than what may go wrong here, and is to leave itself."""
    try:
        _send([refused(source.name, refusal)])
    except Exception:
        logger.exception("the metric of a refusal was not sent")


def _send(groups: Iterable[Measured]) -> None:
    for group in groups:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
        for name, value in group.dimensions.items():
            metrics.add_dimension(name, value)
        for name, (unit, figure) in group.values.items():
            metrics.add_metric(name, unit, figure)
        metrics.flush_metrics()
