"""The scripts that stand between a workflow's variables and Terraform, with programs that only
write down how they were called."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[3] / ".ci"
COMMENT_LIMIT = 65_536  # characters that GitHub takes


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with the scripts, the root of dev, and programs that are played."""
    shutil.copytree(CI, tmp_path / ".ci", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "terraform" / "dev").mkdir(parents=True)
    (tmp_path / "build").mkdir()
    (tmp_path / "bin").mkdir()
    for program in ("terraform", "gh"):
        played = tmp_path / "bin" / program
        played.write_text(
            '#!/bin/sh\necho "$(basename "$PWD"): $@" >>"$CALLS"\ncp "$7" "$BODY" || :\n'
        )
        played.chmod(0o755)
    return tmp_path


def run(clone: Path, *command: str, **variables: str) -> list[str]:
    """Run a script of ``.ci``; the calls of the played programs."""
    calls = clone / "calls"
    environment = {
        "PATH": f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(calls),
        "BODY": str(clone / "body"),
    }
    subprocess.run(command, cwd=clone, env=environment | variables, check=True, capture_output=True)
    return calls.read_text().splitlines() if calls.exists() else []


def test_settings_come_out_of_the_variables(clone: Path):
    run(
        clone,
        ".ci/settings",
        "dev",
        BACKEND='{"bucket": "b"}',
        TFVARS="a = 1\nb = 2",
        CA_BUNDLE="c",
    )
    root = clone / "terraform" / "dev"
    assert {path.name: path.read_text() for path in root.iterdir()} == {
        "backend.json": '{"bucket": "b"}\n',
        "terraform.tfvars": "a = 1\nb = 2\n",
        "ca.pem": "c\n",
    }


def test_settings_that_a_person_keeps_stay(clone: Path):
    kept = clone / "terraform" / "dev" / "terraform.tfvars"
    kept.write_text("mine")
    run(clone, ".ci/settings", "dev", TFVARS="")
    assert kept.read_text() == "mine"


def test_terraform_finds_the_state_of_its_environment(clone: Path):
    init, apply = run(clone, ".ci/terraform", "dev", "apply", "-auto-approve")
    assert init == (
        "dev: init -input=false -backend-config=backend.json"
        " -backend-config=key=dev/terraform.tfstate"
    )
    assert apply == "dev: apply -auto-approve"


@pytest.mark.parametrize(("status", "told"), [(0, ""), (1, "the state is locked\n")])
def test_who_asks_for_outputs_sees_nothing_of_init_unless_it_fails(
    clone: Path, status: int, told: str
):
    played = f'[ $1 = output ] && exec echo "{{}}"\necho the state is locked; exit {status}\n'
    (clone / "bin" / "terraform").write_text(f"#!/bin/sh\n{played}")
    path = f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [".ci/terraform", "dev", "output", "-json"]
    ran = subprocess.run(
        command, cwd=clone, env={"PATH": path}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (status, told)
    assert ran.stdout == ("" if status else "{}\n")


OF_OTHERS = {"NAME": "host", "REGION": "EMEA", "FILTER": "coffee", "FOLLOW": "1"}


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
def test_make_asks_of_what_it_is_given_and_not_of_what_the_environment_calls_so(
    given: list[str], command: str
):
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    told = subprocess.check_output(
        ["make", "--dry-run", "BIN=.", "PACKAGE_FLAGS=", *given],
        cwd=CI.parent,
        env=outside | OF_OTHERS,
        text=True,
    )
    asked = told.replace("\\\n", " ").replace("./python", "python").splitlines()[-1]
    assert asked.split() == command.split()


def test_comment_holds_the_plans_and_replaces_the_one_before(clone: Path):
    for environment in ("dev", "prod"):
        (clone / "build" / f"plan-{environment}.txt").write_text(f"plan of {environment}")
    plans = ("build/plan-dev.txt", "build/plan-prod.txt")
    (call,) = run(clone, ".ci/comment", *plans, PULL_REQUEST="7")
    assert "pr comment 7 --edit-last --create-if-none --body-file" in call
    body = (clone / "body").read_text()
    assert "plan of dev" in body
    assert "plan of prod" in body


def test_comment_is_never_too_long(clone: Path):
    for environment in ("dev", "prod"):
        (clone / "build" / f"plan-{environment}.txt").write_text("x" * COMMENT_LIMIT)
    run(clone, ".ci/comment", "build/plan-dev.txt", "build/plan-prod.txt", PULL_REQUEST="7")
    assert len((clone / "body").read_text()) < COMMENT_LIMIT
