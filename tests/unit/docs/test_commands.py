"""The commands on the pages exist: programs, subcommands, options, targets and outputs.

Other tests run the commands: tests/e2e/test_readme.py, test_runbook.py and test_operations.py on
one machine, tests/cloud on AWS.
"""

import importlib.util
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
from ingestion_lambda.options import PollOptions
from operations.usage import STATUS

ROOT = Path(__file__).parents[3]
PAGES = [
    page.read_text(encoding="utf-8")
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
]
SETTING = re.compile(r"#|$|\w+=\S*$|\w+=[$']")  # also comments and empty lines
CHECKED = {"aws", "make", "terraform", "python", "pre-commit"}
SHELL_WORDS = {"cd", "do", "done", "export", "for", "while"}
COMMON = {"cp", "git", "grep", "jq", "mkdir", "psql", "tail", "tr"}

CLI_OPTIONS = {"query", "cli-binary-format", "output", "region", "cli-input-json"}
CLI_COMMANDS = {  # commands of the AWS CLI that use several calls, and their options
    ("logs", "tail"): {"since", "filter-pattern", "follow"},
    ("s3", "cp"): set[str](),
    ("s3", "ls"): {"recursive"},
    ("s3", "sync"): {"exclude"},
    ("sso", "login"): set[str](),
}


def commands_on(page: str) -> list[list[str]]:
    """Return the words of every command on a page, in blocks and in running text."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).replace("\\\n", " ")
    inline = re.findall(r"`((?:aws|make|python -m|(?:\.ci/)?terraform) [^`]+)`", page)
    inside = re.findall(r"\$\((aws .*?)\)", blocks)
    lines = [line for line in [*blocks.splitlines(), *inline, *inside] if line]
    return [words for line in lines if "=$(" not in line and (words := shlex.split(line, True))]


def commands(*beginning: str) -> list[Any]:
    """Return the distinct commands of all pages that begin like this, as parameters."""
    distinct = dict.fromkeys(tuple(words) for page in PAGES for words in commands_on(page))
    return [
        pytest.param(list(words), id=" ".join(words))
        for words in distinct
        if tuple(word.rpartition("/")[2] for word in words[: len(beginning)]) == beginning
    ]


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def options(words: list[str]) -> dict[str, str]:
    """Return the value after each option; '' if another option follows."""
    pairs = zip(words, [*words[1:], "--"], strict=True)
    return {
        word[2:]: "" if value.startswith("--") else value
        for word, value in pairs
        if word.startswith("--")
    }


@pytest.mark.parametrize("words", commands("aws"))
def test_aws_has_the_command_and_its_options(words: list[str]):
    service, command = words[1:3]
    given = set(options(words)) - CLI_OPTIONS
    if (service, command) in CLI_COMMANDS:
        assert given <= CLI_COMMANDS[service, command]
        return
    api = model(service.removesuffix("api"))  # "s3api" has the model "s3"
    operations = {xform_name(name, "-"): name for name in api.operation_names}
    assert command in operations
    shape = api.operation_model(operations[command]).input_shape
    assert given <= {xform_name(name, "-") for name in shape.members}
    if "cli-input-json" not in options(words):
        assert {xform_name(name, "-") for name in shape.required_members} <= given


@pytest.mark.parametrize("words", commands("python", "-m", "embedded"))
def test_command_line_has_the_command_and_its_options(words: list[str]):
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
    """Return the recipe of each target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [ask] = re.findall(r"^ASK = ((?:.*\\\n)*.*)", makefile, re.MULTILINE)
    recipes = re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    return {target: recipe.replace("$(ASK)", ask) for target, recipe in recipes}


@pytest.mark.parametrize("words", commands("aws", "lambda", "invoke"))
def test_handler_accepts_the_event_and_its_tables(words: list[str]):
    event = json.loads(options(words)["payload"])
    PollOptions(**event).check(contracts.source())


@pytest.mark.parametrize("words", commands("aws", "secretsmanager"))
def test_secret_is_created_by_terraform(words: list[str]):
    assert options(words)["secret-id"].partition("/")[2] in secrets()


def test_secret_in_running_text_has_its_name_in_aws():
    lists = re.findall(
        r"[Ss]ecrets?(?:\*\*)?\s((?:`[a-z$][^`]*`(?:,\s|\sand\s)?)+)", "\n".join(PAGES)
    )
    named = re.findall(r"`(.+?)`", "".join(lists))
    assert len(named) > 4
    assert {name for name in named if name.partition("/")[2] not in secrets()} == set()


def test_help_uses_the_name_of_the_readers_secret_in_aws():
    [name] = re.findall(r"secret\s+NAME/([a-z-]+)", STATUS)
    assert name in secrets()


@cache
def secrets() -> set[str]:
    """Return the names of the secrets after the name of the platform."""
    module = (ROOT / "terraform" / "modules" / "secrets" / "main.tf").read_text(encoding="utf-8")
    return {name.replace("_", "-") for name in re.findall(r"^    (\w+) +=", module, re.M)}


@pytest.mark.parametrize("words", commands("aws", "glue", "start-job-run"))
def test_jobs_and_their_arguments_exist(words: list[str]):
    definition = json.loads((ROOT / "glue_jobs" / "workflow.json").read_text(encoding="utf-8"))
    jobs = {name.replace("_", "-"): job["script"] for name, job in definition["jobs"].items()}
    job = re.sub(r"^(\$name|totesys-dev)-", "", options(words)["job-name"])
    assert job in {*jobs, "migrate-warehouse", "compact-lake"}
    for argument in json.loads(options(words).get("arguments", "{}")):
        assert f'"{argument}"' in (ROOT / "glue_jobs" / jobs[job]).read_text(encoding="utf-8")


@pytest.mark.parametrize("words", commands("python", "-m"))
def test_module_exists(words: list[str]):
    assert importlib.util.find_spec(words[2])


@pytest.mark.parametrize("words", [c for c in commands("terraform") if "output" in c.values[0]])
def test_terraform_output_is_declared_in_the_root(words: list[str]):
    chdir = (word.partition("=")[2] for word in words if word.startswith("-chdir="))
    root = next(chdir, "terraform")
    declared = (ROOT / root / "outputs.tf").read_text(encoding="utf-8")
    named = [word for word in words[words.index("output") + 1 :] if word[0] not in "->"]
    assert set(named) <= set(re.findall(r'output "(\w+)"', declared))


def test_pages_have_commands_of_every_kind():
    kinds = [("aws",), ("make",), ("terraform",), ("python", "-m", "embedded")]
    assert all(len(commands(*kind)) > 4 for kind in kinds)


def test_every_program_is_checked_here_or_is_a_common_one():
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", "\n".join(PAGES), re.DOTALL))
    lines = [line.strip() for line in blocks.replace("\\\n", " ").splitlines()]
    programs = {line.split()[0].rpartition("/")[2] for line in lines if not SETTING.match(line)}
    assert programs <= CHECKED | SHELL_WORDS | COMMON
