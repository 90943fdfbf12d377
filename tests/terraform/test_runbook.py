"""Each alarm has its page in the runbook, and what the pages tell people to type is there."""

import ast
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

import contracts
from embedded.usage import parser
from ingestion_lambda.orders import Orders

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "runbook"
MODULE = (ROOT / "terraform" / "modules" / "alarms" / "main.tf").read_text(encoding="utf-8")
[LIST] = re.findall(r"^  alarms = \{(.*?)^  \}", MODULE, re.MULTILINE | re.DOTALL)
ALARMS = re.findall(r"^    ([a-z-]+) = \{$", LIST, re.MULTILINE)
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in RUNBOOK.glob("*.md")}
OTHERS = {
    name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("operations", "privacy", "upgrade")
}
SECTIONS = ["## Check", "## Do"]

OF_THE_CLI_ITSELF = {"query", "cli-binary-format", "output", "region", "cli-input-json"}
NOT_OF_AN_API = {  # commands that the AWS CLI makes of several calls, and their options
    ("logs", "tail"): {"since", "filter-pattern", "follow"},
    ("s3", "cp"): set[str](),
    ("s3", "ls"): {"recursive"},
    ("s3", "sync"): {"exclude"},
    ("sso", "login"): set[str](),
}


def typed(page: str) -> list[list[str]]:
    """The words of every command on a page, in blocks and in running text."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ")
    inline = re.findall(r"`((?:aws|make|python -m|terraform) [^`]+)`", page)
    inside = re.findall(r"\$\((.*?)\)", blocks)
    lines = [line for line in [*blocks.splitlines(), *inline, *inside] if line]
    return [words for line in lines if "=$(" not in line and (words := shlex.split(line, True))]


def commands(*beginning: str) -> list[Any]:
    """The different commands of all pages, and of those that they link to, that begin so, as
    parameters."""
    found = dict.fromkeys(
        tuple(words) for page in [*PAGES.values(), *OTHERS.values()] for words in typed(page)
    )
    return [
        pytest.param(list(words), id=" ".join(words))
        for words in found
        if tuple(word.rpartition("/")[2] for word in words[: len(beginning)]) == beginning
    ]


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def options(words: list[str]) -> dict[str, str]:
    """The value after each option; '' where another option follows."""
    pairs = zip(words, [*words[1:], "--"], strict=True)
    return {
        word[2:]: "" if value.startswith("--") else value
        for word, value in pairs
        if word.startswith("--")
    }


def test_module_has_alarms():
    assert len(ALARMS) > 8


def test_every_alarm_has_a_page_and_every_page_an_alarm():
    assert set(PAGES) - {"README"} == set(ALARMS)


@pytest.mark.parametrize("alarm", ALARMS)
def test_page_says_what_the_alarm_means_how_to_check_and_what_to_do(alarm: str):
    assert PAGES[alarm].startswith(f"# {alarm}: ")
    assert re.findall("^## .*$", PAGES[alarm], re.MULTILINE) == SECTIONS
    assert "python -m embedded" in PAGES[alarm] or "on one machine" in PAGES[alarm].lower()
    assert f"]({alarm}.md)" in PAGES["README"]


@pytest.mark.parametrize("words", commands("aws"))
def test_aws_knows_the_command_and_its_options(words: list[str]):
    service, command = words[1:3]
    given = set(options(words)) - OF_THE_CLI_ITSELF
    if (service, command) in NOT_OF_AN_API:
        assert given <= NOT_OF_AN_API[service, command]
        return
    api = model(service.removesuffix("api"))  # the CLI's own commands have the name of S3
    operations = {xform_name(name, "-"): name for name in api.operation_names}
    assert command in operations
    shape = api.operation_model(operations[command]).input_shape
    assert given <= {xform_name(name, "-") for name in shape.members}
    if "cli-input-json" not in options(words):
        assert {xform_name(name, "-") for name in shape.required_members} <= given


@pytest.mark.parametrize("words", commands("python", "-m", "embedded"))
def test_command_line_knows_the_command_and_its_options(words: list[str]):
    [choices] = [action.choices for action in parser()._actions if action.choices]
    assert isinstance(choices, dict)
    if len(words) > 3:
        assert words[3] in choices
        known = {flag for action in choices[words[3]]._actions for flag in action.option_strings}
        assert {f"--{name}" for name in options(words)} <= known


@pytest.mark.parametrize("words", commands("make"))
def test_makefile_has_the_target_and_its_variables(words: list[str]):
    target, *given = words[1:]
    assert target in recipes()
    for variable in given:
        assert f"$({variable.partition('=')[0]})" in recipes()[target]


@cache
def recipes() -> dict[str, str]:
    """What the Makefile does for each target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [asked] = re.findall(r"^ASK = ((?:.*\\\n)*.*)", makefile, re.MULTILINE)
    found = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    return {target: recipe.replace("$(ASK)", asked) for target, recipe in found}


def test_runbook_says_what_to_make():
    assert len(commands("make")) > 4


@pytest.mark.parametrize("words", commands("aws", "lambda", "invoke"))
def test_handler_takes_the_event_and_its_tables(words: list[str]):
    event = json.loads(options(words)["payload"])
    Orders(**event).check(contracts.source())


@pytest.mark.parametrize("words", commands("aws", "glue", "start-job-run"))
def test_jobs_and_their_arguments_are_there(words: list[str]):
    definition = json.loads((ROOT / "glue_jobs" / "workflow.json").read_text(encoding="utf-8"))
    jobs = {name.replace("_", "-"): job["script"] for name, job in definition["jobs"].items()}
    job = options(words)["job-name"].removeprefix("$name-")
    assert job in {*jobs, "migrate-warehouse"}
    for argument in json.loads(options(words).get("arguments", "{}")):
        assert f'"{argument}"' in (ROOT / "glue_jobs" / jobs[job]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_errors_that_a_page_explains_are_raised_somewhere(name: str):
    tables = "\n".join(re.findall(r"^\| `.*$", PAGES[name], re.MULTILINE))
    named = set(re.findall(r"`([A-Z][a-z]+[A-Z]?[A-Za-z]+)`", tables))
    assert named <= errors()


@cache
def errors() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.glob("*/errors.py")]
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_files_that_a_page_names_are_there(name: str):
    named = re.findall(r"`((?:contracts|glue_jobs|terraform|warehouse)/[\w./-]+)`", PAGES[name])
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("root", ["dev", "prod"])
def test_variables_that_pages_say_to_raise_are_the_roots(root: str):
    declared = (ROOT / "terraform" / root / "variables.tf").read_text(encoding="utf-8")
    pages = "".join(PAGES.values())
    named = re.findall(r"`(workers|generation|paused|\w+_(?:minutes|seconds|mb))`", pages)
    named += re.findall(r"`(\w+) = [^`]+`", pages + OTHERS["operations"])
    assert set(named) <= set(re.findall(r'variable "(\w+)"', declared))


def test_figures_of_the_table_are_the_modules_defaults():
    table = PAGES["README"]
    defaults = dict(
        re.findall(
            r'variable "(\w+)" \{[^}]*?default\s+= (\d+)',
            (ROOT / "terraform" / "modules" / "alarms" / "variables.tf").read_text(
                encoding="utf-8"
            ),
        )
    )
    assert f"more than {int(defaults['freshness_seconds']) // 60} of the 30 minutes" in table
    assert int(defaults["horizon_age_seconds"]) == 3600
    assert f"{defaults['patience_polls']} times in a row" in table
    assert f"a poll every {defaults['rate_minutes']} minutes" in table
