"""The session asks the JVM as little as possible."""

from typing import Any

import pytest
from py4j import protocol
from pyspark.sql import SparkSession, functions

from glue_jobs.session import JVM_NAMES, LazySession

ASKS_FOR_A_NAME = protocol.REFLECTION_COMMAND_NAME + protocol.REFL_GET_UNKNOWN_SUB_COMMAND_NAME


def test_jvm_is_not_asked_again_for_the_names_that_pyspark_uses(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    jvm: Any = LazySession(spark)()._jvm
    client, asked = jvm._gateway_client, []
    send = client.send_command

    def send_and_note(command: str, *rest: Any, **options: Any) -> str:
        asked.append(command)
        return str(send(command, *rest, **options))

    monkeypatch.setattr(client, "send_command", send_and_note)
    spark.range(1).select(functions.col("id").cast("string"), functions.lit(1)).collect()

    assert asked
    assert not [command for command in asked if command.startswith(ASKS_FOR_A_NAME)]


@pytest.mark.parametrize("name", JVM_NAMES)
def test_kept_name_is_the_class_itself(spark: SparkSession, name: str) -> None:
    place: Any = LazySession(spark)()._jvm
    for part in name.split("."):
        place = getattr(place, part)
    assert place._fqn.endswith(name.rpartition(".")[2])
