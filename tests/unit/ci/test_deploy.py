"""Scripts between the variables of a workflow and Terraform, run with fake programs that record
their calls."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[3] / ".ci"
COMMENT_LIMIT = 65_536  # characters that GitHub accepts


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone with the scripts, the settings of two environments, and fake programs."""
    shutil.copytree(CI, tmp_path / ".ci", ignore=shutil.ignore_patterns("__pycache__"))
    environments = tmp_path / "terraform" / "environments"
    (environments / "dev").mkdir(parents=True)
    (environments / "dev" / "terraform.tfvars").touch()
    for environment in ("dev", "prod"):
        (environments / f"{environment}.tfvars").touch()
    (tmp_path / "build").mkdir()
    (tmp_path / "bin").mkdir()
    for program in ("terraform", "gh"):
        fake = tmp_path / "bin" / program
        fake.write_text(
            '#!/bin/sh\necho "$(basename "$PWD") $TF_DATA_DIR: $@" >>"$CALLS"\n'
            'cp "$7" "$BODY" || :\n'
        )
        fake.chmod(0o755)
    return tmp_path


def run(clone: Path, *command: str, **variables: str) -> list[str]:
    """Run a script of ``.ci``; return the calls of the fake programs."""
    calls = clone / "calls"
    environment = {
        "PATH": f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(calls),
        "BODY": str(clone / "body"),
    }
    subprocess.run(command, cwd=clone, env=environment | variables, check=True, capture_output=True)
    return calls.read_text().splitlines() if calls.exists() else []


def test_settings_are_written_from_the_variables(clone: Path):
    run(
        clone,
        ".ci/settings",
        "dev",
        BACKEND='{"bucket": "b"}',
        TFVARS="a = 1\nb = 2",
        CA_BUNDLE="c",
    )
    folder = clone / "terraform" / "environments" / "dev"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "backend.json": '{"bucket": "b"}\n',
        "terraform.tfvars": "a = 1\nb = 2\n",
        "ca.pem": "c\n",
    }


def test_an_empty_variable_keeps_the_file_of_a_person(clone: Path):
    kept = clone / "terraform" / "environments" / "dev" / "terraform.tfvars"
    kept.write_text("mine")
    run(clone, ".ci/settings", "dev", TFVARS="")
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_terraform_uses_the_state_of_its_environment(clone: Path, environment: str):
    init, shown = run(clone, ".ci/terraform", environment, "show", "dev.tfplan")
    assert init == (
        f"terraform .terraform/{environment}: init -input=false"
        f" -backend-config=environments/{environment}/backend.json"
        f" -backend-config=key={environment}/terraform.tfstate"
    )
    assert shown == f"terraform .terraform/{environment}: show dev.tfplan"


@pytest.mark.parametrize("command", ["plan", "apply", "destroy", "refresh", "import", "console"])
def test_terraform_uses_the_settings_of_its_environment(clone: Path, command: str):
    own = "-var-file=environments/dev/terraform.tfvars "
    for environment, files in {"dev": own, "prod": ""}.items():
        call = run(clone, ".ci/terraform", environment, command, "-input=false")[-1]
        settings = f"-var-file=environments/{environment}.tfvars {files}"
        assert call == f"terraform .terraform/{environment}: {command} {settings}-input=false"


def test_an_unknown_environment_is_refused_before_terraform_starts(clone: Path):
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        run(clone, ".ci/terraform", "test", "apply")
    assert refusal.value.returncode == 2
    assert b"To fix: use one of dev.tfvars prod.tfvars." in refusal.value.stderr
    assert not (clone / "calls").exists()


@pytest.mark.parametrize(("status", "errors"), [(0, ""), (1, "the state is locked\n")])
def test_output_prints_the_log_of_init_only_on_failure(clone: Path, status: int, errors: str):
    fake = f'[ $1 = output ] && exec echo "{{}}"\necho the state is locked; exit {status}\n'
    (clone / "bin" / "terraform").write_text(f"#!/bin/sh\n{fake}")
    path = f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [".ci/terraform", "dev", "output", "-json"]
    ran = subprocess.run(
        command, cwd=clone, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (status, errors)
    assert ran.stdout == ("" if status else "{}\n")


UNRELATED = {"NAME": "host", "REGION": "EMEA", "FILTER": "coffee", "FOLLOW": "1"}


@pytest.mark.parametrize(
    ("given", "command"),
    [
        (["status", "ENV=prod"], ".ci/terraform prod output -json | python -m operations status"),
        (["smoke"], ".ci/terraform dev output -json | python -m operations smoke"),
        (
            ["status", "NAME=totesys-dev", "REGION=eu-west-2"],
            "python -m operations status --name totesys-dev --region eu-west-2",
        ),
        (
            ["logs", "SINCE=2h", "FILTER=it's", "FOLLOW=1", "ALL=1"],
            ".ci/terraform dev output -json | python -m operations logs"
            ' --since 2h --filter "$FILTER" --follow --all',
        ),
    ],
)
def test_make_takes_its_variables_from_its_arguments_and_not_from_the_environment(
    given: list[str], command: str
):
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    output = subprocess.check_output(
        ["make", "--dry-run", "BIN=.", "PACKAGE_FLAGS=", *given],
        cwd=CI.parent,
        env=outside | UNRELATED,
        text=True,
    )
    command_ = output.replace("\\\n", " ").replace("./python", "python").splitlines()[-1]
    assert command_.split() == command.split()


def test_comment_has_the_plans_and_replaces_the_previous_comment(clone: Path):
    for environment in ("dev", "prod"):
        (clone / "build" / f"plan-{environment}.txt").write_text(f"plan of {environment}")
    plans = ("build/plan-dev.txt", "build/plan-prod.txt")
    (call,) = run(clone, ".ci/comment", *plans, PULL_REQUEST="7")
    assert "pr comment 7 --edit-last --create-if-none --body-file" in call
    body = (clone / "body").read_text()
    assert "plan of dev" in body
    assert "plan of prod" in body


def test_comment_never_exceeds_the_limit(clone: Path):
    for environment in ("dev", "prod"):
        (clone / "build" / f"plan-{environment}.txt").write_text("x" * COMMENT_LIMIT)
    run(clone, ".ci/comment", "build/plan-dev.txt", "build/plan-prod.txt", PULL_REQUEST="7")
    assert len((clone / "body").read_text()) < COMMENT_LIMIT


def test_preflight_asks_terraform_for_variables_that_exist(clone: Path):
    [*_, call] = run(clone, ".ci/preflight", "dev")
    assert " console -var-file=environments/dev.tfvars" in call
    [names] = re.findall(r'^names="(.+)"$', (CI / "preflight").read_text(), re.MULTILINE)
    variables = (CI.parent / "terraform" / "variables.tf").read_text()
    declared = set(re.findall(r'^variable "(\w+)"', variables, re.MULTILINE))
    assert {*names.split()} <= declared
    assert {*names.split()} == {
        "project", "environment", "region", "network", "workers", "worker_type",
        "reserved_concurrency",
    }  # fmt: skip
