"""The Lambda's entry point: choose the adapters, poll once, let errors leave as exceptions."""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
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

import contracts
from contracts import PlatformError, Source
from ingestion_lambda.aws import EventBridgeBus
from ingestion_lambda.capture.options import CaptureOptions, method
from ingestion_lambda.errors import InvalidSettings, SecretUnavailable
from ingestion_lambda.metrics import (
    NAMESPACE,
    SERVICE,
    MetricGroup,
    poll_metrics,
    refusal_metric,
)
from ingestion_lambda.options import read_options
from ingestion_lambda.poll import Polled, poll
from lake import new_run, open_lake
from lake.attempts import POLL
from lake.aws import CLIENT_CONFIG
from lake.recording import Recording
from postgres import Connection, NotAuthenticated, connected, from_secret

SECRET_AGE = 3600
"""Seconds for which warm invocations reuse the secret. When the source refuses a password that was
changed meanwhile, the secret is read again at once."""

logger = Logger(service=SERVICE)
PACKAGE_LOGGER = logging.getLogger("ingestion_lambda")  # libraries keep their own log configuration
copy_config_to_registered_loggers(source_logger=logger, include={PACKAGE_LOGGER.name})


@logger.inject_lambda_context
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Poll the source once, as the environment and the event specify.

    SOURCE_SECRET             secret with host, port, dbname, username, password of the source
    INGESTION_BUCKET          bucket where batches land
    PROCESSED_BUCKET          bucket that holds the load log
    GENERATION                generation of the load log (1)
    EVENT_BUS                 bus that carries the event ("default")
    WORKFLOW                  Glue workflow that the event starts
    MIN_MINUTES_BETWEEN_RUNS  minutes from a load to the next event (0)
    CAPTURE                   "log" also lands the versions between two polls ("difference")
    PUBLICATION               publication that names the tables of the log ("warehouse")
    SLOT                      replication slot (one named after the lake)
    ACCEPT_UNLIMITED_WAL      "true" accepts a source with unlimited max_slot_wal_keep_size
    PUBLISHES                 "true" if the load publishes Iceberg tables ("false")
    PGSSLROOTCERT             CA bundle: file with the certificates of the source's authority

    ``event`` may hold ``allow_mass_delete`` and ``reread`` (lists of tables), ``accept_source`` and
    ``ignore_pause`` (true or false). Return the last seq committed and the counts of changed rows.
    Errors leave as exceptions, so that retry, DLQ and alarm work; a failed poll sends the refusal
    metric instead of the heartbeat.
    """
    begun, run, source = perf_counter(), new_run(), contracts.source()
    logger.set_correlation_id(run)
    try:
        polled = _poll(event, source, run)
    except PlatformError as error:
        _report_refusal(source, error)
        raise
    _send(poll_metrics(source.name, polled, perf_counter() - begun))
    return {"seq": polled.seq, "changes": polled.changes, "emitted": polled.emitted}


def _poll(event: object, source: Source, run: str) -> Polled:
    lake = open_lake(
        f"s3://{_setting('INGESTION_BUCKET')}",
        f"s3://{_setting('PROCESSED_BUCKET')}",
        _number("GENERATION", 1),
    )
    with Recording(lake.attempts, POLL, run) as recording:
        options, secret, bus = read_options(event), _setting("SOURCE_SECRET"), _bus()
        minutes = 0 if options.ignore_pause else _number("MIN_MINUTES_BETWEEN_RUNS", 0)
        publishes, pause = _setting("PUBLISHES", "false") == "true", timedelta(minutes=minutes)
        options = replace(options, capture=_capture(), publishes=publishes)
        with _connected(secret) as connection:
            polled = poll(connection, source, lake, bus, run, options, pause=pause)
        recording.figures.update(polled.health.figures)
    return polled


def _bus() -> EventBridgeBus:
    return EventBridgeBus(
        boto3.client("events", config=CLIENT_CONFIG),
        boto3.client("glue", config=CLIENT_CONFIG),
        _setting("EVENT_BUS", "default"),
        _setting("WORKFLOW"),
    )


def _capture() -> CaptureOptions:
    return CaptureOptions(
        method(_setting("CAPTURE", "difference")),
        _setting("PUBLICATION", CaptureOptions.publication),
        os.environ.get("SLOT", ""),
        _setting("ACCEPT_UNLIMITED_WAL", "false") == "true",
    )


def _setting(name: str, default: str = "") -> str:
    """Return the variable's value. Raises InvalidSettings."""
    if setting := os.environ.get(name, default):
        return setting
    raise InvalidSettings(
        f"{name} is missing or empty in the function's environment. To fix: set it as Terraform's"
        " module ingestion does."
    )


def _number(name: str, least: int) -> int:
    """Return the variable's value, ``least`` by default. Raises InvalidSettings."""
    text = _setting(name, str(least))
    if text.isdecimal() and int(text) >= least:
        return int(text)
    raise InvalidSettings(
        f"{name} is {text!r} in the function's environment. To fix: set it to {least} or more."
    )


@contextmanager
def _connected(secret: str) -> Iterator[Connection]:
    """Connect to the source for the block. Read the secret again if the password is refused."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(connected(from_secret(_read(secret)), SERVICE))
        except NotAuthenticated as error:
            logger.warning("reading the secret again", extra={"reason": str(error)})
            address = from_secret(_read(secret, is_forced=True))
            connection = stack.enter_context(connected(address, SERVICE))
        yield connection


@cache
def _secrets() -> SecretsProvider:
    """Return the provider that warm invocations share, with the secrets it holds for SECRET_AGE."""
    return SecretsProvider(boto_config=CLIENT_CONFIG)


def _read(secret: str, *, is_forced: bool = False) -> str:
    try:
        return str(_secrets().get(secret, max_age=SECRET_AGE, force_fetch=is_forced))
    except GetParameterError as error:
        raise SecretUnavailable(
            f"The secret {secret} cannot be read: {error}. To fix: check SOURCE_SECRET, and that"
            " the function's role may read the secret."
        ) from error


def _report_refusal(source: Source, error: PlatformError) -> None:
    """Send the refusal metric, which is a line of the output. If it cannot be written, the
    original error is not masked."""
    try:
        _send([refusal_metric(source.name, error)])
    except OSError:
        logger.exception("the refusal metric was not sent")


def _send(groups: Iterable[MetricGroup]) -> None:
    for group in groups:
        metrics = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
        for dimension, text in group.dimensions.items():
            metrics.add_dimension(dimension, text)
        for name, (unit, number) in group.values.items():
            metrics.add_metric(name, unit, number)
        metrics.flush_metrics()
