"""The platforms of the Lambda package."""

import platform
import subprocess

import pytest

from artifacts.platforms import PYTHONS, host_python, platform_of


@pytest.mark.parametrize(("name", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
def test_platform_of_lambda_does_not_depend_on_this_machine(name: str, machine: str):
    target = platform_of(name)
    assert (target.python, target.machine, target.before) == ("3.13", machine, ())
    assert "--python-version=3.13" in target.after
    assert f"--platform=manylinux2014_{machine}" in target.after


def test_host_is_this_machine_with_an_interpreter_of_its_version():
    version, interpreter = host_python()
    assert version in PYTHONS
    process = subprocess.run([interpreter, "--version"], capture_output=True, text=True, check=True)
    assert process.stdout.startswith(f"Python {version}.")
    target = platform_of("host")
    assert (target.python, target.machine) == (version, platform.machine())
    assert target.before == ("--python", interpreter)


def test_interpreter_of_another_version_is_skipped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("artifacts.platforms._version", lambda _: "3.11")
    assert host_python()[0] == "3.11"
