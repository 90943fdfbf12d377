"""The texts of --help: no option without an effect, no text that is wrong for the command."""

import re

import pytest

from embedded.usage import EXAMPLES, OPTIONS, POLL_OPTIONS, parser

DATABASES = ["--source", "postgresql://s@h/d", "--warehouse", "postgresql://w@h/d", "--lake", "x"]
EVERY_STEP = [*DATABASES, "--schema", "mine", "--allow-mass-delete", "staff"]


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("command", "shown"),
    {
        "poll": {"source", "lake", *POLL_OPTIONS},
        "transform": {"lake", "retry-quarantined"},
        "load": {"warehouse", "lake", "schema"},
    }.items(),
)
def test_step_takes_all_options_of_a_cycle_and_shows_those_with_an_effect(
    command: str, shown: set[str], capsys: pytest.CaptureFixture[str]
):
    arguments = parser().parse_args([command, *EVERY_STEP])
    assert (arguments.schema, arguments.allow_mass_delete) == ("mine", ["staff"])
    options = set(re.findall(r"--([a-z-]+)", help_of(command, capsys)))
    assert options & set(OPTIONS) == shown


@pytest.mark.parametrize("command", ["transform", "load", "status", "reconcile", "rebuild"])
def test_command_that_creates_no_lake_does_not_say_that_one_is_created(
    command: str, capsys: pytest.CaptureFixture[str]
):
    text = help_of(command, capsys)
    assert "the lake's directory" in text
    assert "created if it does not exist" not in text


@pytest.mark.parametrize("command", ["status", "reconcile", "rebuild"])
def test_command_that_does_not_migrate_first_does_not_say_so(
    command: str, capsys: pytest.CaptureFixture[str]
):
    assert "migrate" not in help_of(command, capsys)


def test_example_of_a_first_cycle_uses_the_owner_who_may_create_the_warehouse():
    assert "--warehouse postgresql://owner@" in EXAMPLES


@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize("orders", ["0", "-5", "x", "1.5"])
def test_a_count_of_orders_below_1_is_wrong_usage(
    command: str, orders: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--orders", orders])
    assert ended.value.code == 2
    assert f"'{orders}' is not a whole number of 1 or more" in capsys.readouterr().err
