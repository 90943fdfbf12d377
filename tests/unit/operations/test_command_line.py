"""An error is one line on stderr and an exit status, never a traceback."""

import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from operations import commands
from operations.cli import main

ROOT = Path(__file__).parents[3]


def test_unexpected_error_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(_: Namespace) -> int:
        raise KeyError("missing")

    monkeypatch.setitem(commands.RUN, "smoke", fail)
    assert main(["smoke"]) == 1
    assert "unexpected KeyError: 'missing'. Run again with --debug" in capsys.readouterr().err
    with pytest.raises(KeyError):
        main(["smoke", "--debug"])


@pytest.mark.parametrize("command", ["status", "reconcile", "logs", "smoke", "preflight"])
def test_help_of_each_command_has_an_example_of_a_name(
    command: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert "totesys-dev" in capsys.readouterr().out


def test_closed_pipe_ends_the_command_without_an_error():
    program = """
import sys
from operations import cli, commands
def _print(_):
    for _ in range(100_000): print("a line")
    return 0
commands.RUN["logs"] = _print
sys.exit(cli.main(["logs"]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "a line\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0
