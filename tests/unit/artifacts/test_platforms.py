"""Where packages are to run."""

import platform
import subprocess

import pytest

from artifacts.platforms import PYTHONS, host_python, platform_of


@pytest.mark.parametrize(("name", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_lambda_is_the_runtimes_python_on_the_machine_whatever_runs_here(name: str, machine: str):
    wanted = platform_of(name)
    assert (wanted.python, wanted.machine, wanted.before) == ("3.13", machine, ())
    assert "--python-version=3.13" in wanted.after
    assert f"--platform=manylinux2014_{machine}" in wanted.after


def test_host_is_this_machine_with_an_interpreter_of_the_version_that_it_says():
    version, interpreter = host_python()
    assert version in PYTHONS
    asked = subprocess.run([interpreter, "--version"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith(f"Python {version}.")
    wanted = platform_of("host")
    assert (wanted.python, wanted.machine) == (version, platform.machine())
    assert wanted.before == ("--python", interpreter)


def test_interpreter_of_another_version_is_not_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("artifacts.platforms._version", lambda _: "3.11")
    assert host_python()[0] == "3.11"
