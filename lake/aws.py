"""Clients of AWS: their timeouts, and the secrets of Secrets Manager."""

import boto3
from botocore.config import Config

from lake.concurrent import CONCURRENCY

CLIENT_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard"},  # three attempts
    max_pool_connections=2 * CONCURRENCY,  # reads and writes run concurrently
)
"""Timeouts in seconds. All attempts end within the two minutes of a Lambda, which can then report
the error; the default of botocore is five minutes."""


def read_secret(name: str, region: str | None = None) -> str:
    """Return the text of a secret. Raises what boto3 raises."""
    client = boto3.client("secretsmanager", region_name=region, config=CLIENT_CONFIG)
    return client.get_secret_value(SecretId=name)["SecretString"]
