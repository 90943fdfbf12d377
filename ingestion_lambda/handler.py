"""The Lambda's entry: choose the adapters, poll once, let errors leave as exceptions."""

import logging
import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.utilities.typing import LambdaContext

import contracts
from ingestion_lambda.aws import EventBridgeBus
from ingestion_lambda.poll import poll
from lake import new_run, open_lake
from postgres import connected, from_secret

logger = Logger(service="ingestion")
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

    ``event`` may hold ``allow_mass_delete``, a list of tables. Answers the last seq committed and
    the counts of changed rows. Errors leave as exceptions, so that retry, DLQ and alarm work.
    """
    run = new_run()
    logger.append_keys(run=run)
    lake = open_lake(
        f"s3://{os.environ['INGESTION_BUCKET']}",
        f"s3://{os.environ['PROCESSED_BUCKET']}",
        int(os.environ.get("GENERATION", "1")),
    )
    bus = EventBridgeBus(
        boto3.client("events"),
        boto3.client("glue"),
        os.environ.get("EVENT_BUS", "default"),
        os.environ["WORKFLOW"],
    )
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SOURCE_SECRET"])
    with connected(from_secret(secret["SecretString"]), "ingestion") as connection:
        allowed = event.get("allow_mass_delete", ())
        polled = poll(connection, contracts.source(), lake, bus, run, allowed)
    return {"seq": polled.seq, "changes": polled.changes, "emitted": polled.emitted}
