"""One attempt of a Glue job: a process that runs the script with the arguments, the files and the
role of the job."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ministack.services import glue

from tests.cloud.endpoint import children, class_archive, job_services, roles
from tests.cloud.endpoint.job_files import Files, image, listed, python, spark

SUCCEEDED, FAILED, TIMEOUT = "SUCCEEDED", "FAILED", "TIMEOUT"
TRACE = "Traceback (most recent call last):\n"
MESSAGE = 1_000  # characters of an error that GetJobRun returns


@dataclass(frozen=True)
class Attempt:
    """A job, its run, the arguments, the timeout in seconds, and an empty folder."""

    job: dict[str, Any]
    run: dict[str, Any]
    arguments: Mapping[str, str]
    seconds: float
    folder: Path

    def result(self) -> tuple[str, str]:
        """Run the attempt; return its final state and an error message."""
        try:
            return self._run()
        except Exception as failure:  # noqa: BLE001 - any error ends the run
            return FAILED, str(failure)

    def _run(self) -> tuple[str, str]:
        job_services.place_into_network(self.job, self._role)
        for name in ("tmp", "work"):
            (self.folder / name).mkdir()
        files = Files(roles.client("s3", self._role), self.folder)
        script = files.fetch(self.job["Command"]["ScriptLocation"])
        for address in listed(self.arguments.get("--extra-files")):
            files.fetch(address, self.folder / "work")
        modules = files.install(self.arguments)
        state = self._start(script, modules)
        job_services.report(self.job, self.run["Id"], self._role, self.folder)
        return state, "" if state == SUCCEEDED else self._error()

    @cached_property
    def _role(self) -> roles.Credentials:
        arn = glue._arn("job", self.job["Name"])
        return roles.assume(self.job["Role"], "glue", arn, "GlueJobRunnerSession")

    def _start(self, script: Path, modules: list[Path]) -> str:
        command = [python(), str(script), *self._argv()]
        out, errors = self.folder / "stdout", self.folder / "stderr"
        work = self.folder / "work"
        try:
            with class_archive.options(spark()) as java:
                variables = self._variables(modules, java)
                status = children.run(command, work, variables, out, errors, timeout=self.seconds)
        except subprocess.TimeoutExpired:
            return TIMEOUT
        return FAILED if status else SUCCEEDED

    def _argv(self) -> list[str]:
        own = {"--JOB_NAME": self.job["Name"], "--JOB_RUN_ID": self.run["Id"], "--JOB_ID": "j_0"}
        return [word for pair in (own | dict(self.arguments)).items() for word in pair]

    def _variables(self, modules: list[Path], java: str) -> dict[str, str]:
        packages, temporary = image() / "site-packages", str(self.folder / "tmp")
        return {
            **roles.environment(self._role),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": temporary,
            "TMPDIR": temporary,
            "JAVA_HOME": str(image() / "java"),
            "PYTHONPATH": os.pathsep.join(map(str, [*modules, packages])),
            "PYSPARK_PYTHON": python(),
            "PYSPARK_SUBMIT_ARGS": shlex.join([*self._spark_options(java), "pyspark-shell"]),
            "SPARK_CONF_DIR": str(spark() / "conf"),
            "SPARK_HOME": str(spark()),
            "SPARK_LOCAL_DIRS": temporary,
            "SPARK_LOCAL_IP": "127.0.0.1",
        }

    def _spark_options(self, java: str) -> list[str]:
        """Return the settings of the image with more options of Java, and those of ``--conf``,
        whose value may contain further ``--conf`` options."""
        own = json.loads((image() / "settings.json").read_text())
        own["spark.driver.defaultJavaOptions"] += f" {java}"
        given = self.arguments.get("--conf", "").split(" --conf ")
        settings = (*(f"{name}={value}" for name, value in own.items()), *given)
        return [word for part in settings if part for word in ("--conf", part.strip())]

    def _error(self) -> str:
        """Return the last line of the last traceback, or the last line."""
        text = (self.folder / "stderr").read_text(errors="replace")
        _, traced, rest = text.rpartition(TRACE)
        lines = [line for line in rest.splitlines() if line.strip() and line[0] != " "]
        return "".join(lines[:1] if traced else lines[-1:])[:MESSAGE]
