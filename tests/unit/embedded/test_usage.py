"""What --help teaches is so: no option that does nothing, no word that another command means."""

import re

import pytest

from embedded.usage import EXAMPLES, OPTIONS, parser

PLACES = ["--source", "postgresql://s@h/d", "--warehouse", "postgresql://w@h/d", "--lake", "x"]
EVERY_STEP = [*PLACES, "--schema", "mine", "--allow-mass-delete", "staff"]


def helped(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("command", "offered"),
    {
        "poll": {"source", "lake", "allow-mass-delete", "reread", "accept-source"},
        "transform": {"lake", "retry-quarantined"},
        "load": {"warehouse", "lake", "schema"},
    }.items(),
)
def test_step_takes_the_options_of_a_cycle_and_offers_those_that_do_something(
    command: str, offered: set[str], capsys: pytest.CaptureFixture[str]
):
    arguments = parser().parse_args([command, *EVERY_STEP])
    assert (arguments.schema, arguments.allow_mass_delete) == ("mine", ["staff"])
    told = set(re.findall(r"--([a-z-]+)", helped(command, capsys)))
    assert told & set(OPTIONS) == offered


@pytest.mark.parametrize("command", ["transform", "load", "status", "reconcile", "rebuild"])
def test_command_that_makes_no_lake_does_not_say_that_one_is_made(
    command: str, capsys: pytest.CaptureFixture[str]
):
    told = helped(command, capsys)
    assert "the lake's directory" in told
    assert "made where there is none" not in told


@pytest.mark.parametrize("command", ["status", "reconcile", "rebuild"])
def test_command_that_does_not_migrate_first_does_not_say_so(
    command: str, capsys: pytest.CaptureFixture[str]
):
    assert "migrate" not in helped(command, capsys)


def test_example_of_a_first_cycle_has_the_warehouse_s_owner_who_may_make_it():
    assert "--warehouse postgresql://owner@" in EXAMPLES


@pytest.mark.parametrize("command", ["up", "demo"])
@pytest.mark.parametrize("orders", ["0", "-5", "x", "1.5"])
def test_no_orders_at_all_are_wrong_usage(
    command: str, orders: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--orders", orders])
    assert ended.value.code == 2
    assert f"'{orders}' is no whole number from 1 on" in capsys.readouterr().err
