"""Serve the endpoint until its standard input ends: ``python -m tests.cloud.endpoint``.

The environment comes from ``tests.cloud.local_aws``; the sockets are inherited from it.
"""

import asyncio
import importlib
import os
import sys
import threading

from hypercorn.asyncio import serve
from hypercorn.config import Config

from tests.cloud.endpoint import children, lab

# install() of each module patches ministack. A later patch may wrap an earlier one.
PATCHES = [
    "lab",
    "checksums",
    "missing",
    "drift",
    "table_versions",
    "uploads",
    "buckets",
    "faults",
    "network",
    "alarm_fields",
    "conditions",
    "lambdas",
    "lambda_roles",
    "schedules",
    "workflows",
    "jobs",
    "athena",
    "clock",
    "emf",
    "service_metrics",
    "event_logs",
    "mailbox",
    "alarms",
    "policies",
    "authorization",
    "grants",
    "resources",
]


def main() -> None:
    """Patch ministack and serve it."""
    for name in PATCHES:
        importlib.import_module(f"{__package__}.{name}").install()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{os.environ['TLS_SOCKET']}"]
    config.insecure_bind = [f"fd://{os.environ['PLAIN_SOCKET']}"]
    config.certfile = os.environ["MINISTACK_SSL_CERT"]
    config.keyfile = os.environ["MINISTACK_SSL_KEY"]
    config.keep_alive_timeout = 3600  # never while a client that does not retry may send a request
    asyncio.run(serve(lab.application, config))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    children.end_all()
    os._exit(0)


if __name__ == "__main__":
    main()
