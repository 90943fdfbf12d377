"""A process that runs several commands of ``python -m embedded``, of which one starts Spark."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from tests.pages import Ended

COMMANDS = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO

from embedded.cli import main

for line in sys.stdin:
    with redirect_stdout(StringIO()) as out:
        status = main(json.loads(line))
    print(json.dumps([status, out.getvalue(), ""]), flush=True)
"""
ATTACH = """
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

gateway = launch_gateway()
java = gateway.jvm.org.apache.spark
context = java.api.java.JavaSparkContext.fromSparkContext(java.SparkContext.getOrCreate())
SparkSession(SparkContext(gateway=gateway, jsc=context, conf=SparkConf(_jconf=context.getConf())))
"""


class Program:
    """The running process. What it prints on stderr is among the output of the tests."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ends(self, *words: str) -> Ended:
        """Return how a command ended."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(words), file=self._process.stdin, flush=True)
        return Ended(*json.loads(self._process.stdout.readline()))

    def reports(self, *words: str) -> dict[str, Any]:
        """Return the report in the last line of a successful command."""
        ended = self.ends(*words)
        assert ended.status == 0
        return ended.report


@contextmanager
def program(
    folder: Path, environ: Mapping[str, str], spark: SparkSession | None = None
) -> Iterator[Program]:
    """Run the process in a folder for the block. With a session it uses the JVM of that session,
    instead of one of its own, which takes seconds to start."""
    with subprocess.Popen(
        [sys.executable, "-c", ATTACH + COMMANDS if spark else COMMANDS],
        cwd=folder,
        env={**environ, **(gateway(spark) if spark else {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Program(process)
    assert process.returncode == 0


def gateway(spark: SparkSession) -> dict[str, str]:
    """Return the variables with which PySpark finds the JVM of a session."""
    java = spark.sparkContext._gateway.gateway_parameters  # type: ignore[union-attr]  # it runs
    return {"PYSPARK_GATEWAY_PORT": str(java.port), "PYSPARK_GATEWAY_SECRET": java.auth_token}
