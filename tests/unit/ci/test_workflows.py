"""The GitHub workflows run only targets of the Makefile, with the minimal rights."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
GITHUB = ROOT / ".github"
WORKFLOWS = {path.stem: path.read_text() for path in sorted(GITHUB.glob("workflows/*.yml"))}
ACTIONS = {path.parent.name: path.read_text() for path in GITHUB.glob("actions/*/action.yml")}
TEXTS = [*WORKFLOWS.values(), *ACTIONS.values()]
TARGETS = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
PINNED = re.compile(
    r"(?P<action>[\w-]+(/[\w-]+)+)@(?P<commit>[0-9a-f]{40}) # (?P<tag>v\d+\.\d+\.\d+)"
)
Job = dict[str, Any]


def jobs() -> Iterator[tuple[str, Job]]:
    """Return every job of every workflow, by the names of both."""
    for workflow, text in WORKFLOWS.items():
        for name, job in yaml.safe_load(text)["jobs"].items():
            yield f"{workflow}/{name}", job


JOBS = dict(jobs())
STEPS = [(name, step) for name, job in JOBS.items() for step in job.get("steps", [])]
STEPS += [
    (name, step) for name, text in ACTIONS.items() for step in yaml.safe_load(text)["runs"]["steps"]
]
RUNS = [(name, step["run"]) for name, step in STEPS if "run" in step]
DEPLOY = yaml.safe_load(WORKFLOWS["deploy"])["jobs"]
CHECKS = ["lint", "type", "security"]


def runs(job: str) -> list[str]:
    return [run for name, run in RUNS if name == job]


@pytest.mark.parametrize("command", [run for _, run in RUNS])
def test_every_run_is_a_target_of_the_makefile(command: str):
    target = re.fullmatch(r"make ([a-z-]+)( ENV=(dev|prod))?|\.ci/run", command)
    assert target
    assert target[1] in [None, *TARGETS]


def test_every_action_is_pinned_to_a_commit_with_its_version_in_a_comment():
    used = re.findall(r"uses: (.+)", "\n".join(TEXTS))
    assert used
    assert [use for use in used if not use.startswith("./") and not PINNED.fullmatch(use)] == []


def test_every_local_action_or_workflow_exists():
    for path in re.findall(r"uses: \./(.+)", "\n".join(TEXTS)):
        assert (ROOT / path).exists()


def test_an_action_and_terraform_have_one_version_everywhere():
    pins = {(pin["action"], pin["commit"], pin["tag"]) for pin in PINNED.finditer("\n".join(TEXTS))}
    assert len(pins) == len({action for action, *_ in pins})
    assert len(set(re.findall(r"terraform_version: (\S+)", "\n".join(TEXTS)))) == 1


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflow_has_no_permission_of_its_own(workflow: str):
    assert yaml.safe_load(WORKFLOWS[workflow])["permissions"] == {}


@pytest.mark.parametrize("job", JOBS)
def test_job_can_read_the_code_and_write_only_what_it_needs(job: str):
    permissions = dict(JOBS[job]["permissions"])
    assert permissions.pop("contents") == "read"
    assert permissions == {
        "deploy/plan": {"id-token": "write", "pull-requests": "write"},
        "deploy/dev": {"id-token": "write"},
        "deploy/prod": {"id-token": "write"},
    }.get(job, {})


@pytest.mark.parametrize("job", [name for name, job in JOBS.items() if "steps" in job])
def test_job_ends_in_time(job: str):
    assert JOBS[job]["timeout-minutes"] <= 180


def test_checkout_leaves_no_credentials_behind():
    checkouts = [step for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("job", [name for name, run in RUNS if run in {"make security", ".ci/run"}])
def test_secret_scan_reads_the_whole_history(job: str):
    (checkout,) = [step for step in JOBS[job]["steps"] if "checkout@" in step.get("uses", "")]
    assert checkout["with"]["fetch-depth"] == 0


def test_no_key_of_aws_is_stored():
    assert set(re.findall(r"secrets\.(\w+)", "\n".join(TEXTS))) == {"SAFETY_API_KEY"}
    assert not re.search(r"access[-_]key", "\n".join(TEXTS), re.I)
    for name, step in STEPS:
        if "configure-aws-credentials" in step.get("uses", ""):
            assert step["with"].keys() == {"role-to-assume", "aws-region"}, name


def test_no_workflow_runs_with_the_rights_of_the_base_for_the_code_of_a_fork():
    assert not re.search(r"pull_request_target|workflow_run", "\n".join(TEXTS))
    assert "head.repo.full_name == github.repository" in DEPLOY["plan"]["if"]


def test_main_is_checked_then_goes_to_dev_then_to_prod():
    assert DEPLOY["check"]["uses"] == "./.github/workflows/ci.yml"
    assert DEPLOY["check"]["if"] == "github.event_name == 'push'"
    assert (DEPLOY["dev"]["needs"], DEPLOY["prod"]["needs"]) == ("check", "dev")


def test_the_check_before_a_deployment_is_the_whole_ci():
    assert ".ci/run" in runs("ci/check")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_apply_is_followed_by_a_migration_and_a_smoke_test(environment: str):
    steps = [f"make {target} ENV={environment}" for target in ("apply", "migrate", "smoke")]
    assert runs(f"deploy/{environment}") == steps


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_applies_of_an_environment_wait_for_each_other(environment: str):
    concurrency = {"group": f"deploy-{environment}", "cancel-in-progress": False}
    assert DEPLOY[environment]["concurrency"] == concurrency


def test_pull_request_gets_a_plan_and_a_comment():
    assert runs("deploy/plan") == ["make plan ENV=dev", "make plan ENV=prod", "make comment"]


def test_jobs_have_the_tokens_that_the_roles_trust():
    """The token of a job in an environment has the environment as its subject, not the branch."""
    variables = (ROOT / "terraform" / "account" / "variables.tf").read_text()
    subjects = dict(re.findall(r'^ +(dev|prod) += "(.+)"$', variables, re.M))
    assert subjects == {
        name: f"environment:{job['environment']}" if "environment" in job else "ref:refs/heads/main"
        for name, job in DEPLOY.items()
        if name in {"dev", "prod"}
    }


def test_deployed_packages_were_audited():
    assert DEPLOY["check"]["with"] == {"safety_required": "1"}
    (step,) = [step for name, step in STEPS if name == "ci/check" and step.get("run") == ".ci/run"]
    assert step["env"]["SAFETY_REQUIRED"] == "${{ inputs.safety_required }}"


def test_nightly_runs_more_examples_follows_links_and_requires_the_audit():
    assert runs("nightly/chaos") == ["make chaos"]
    assert runs("nightly/links") == ["make links"]
    (audit,) = [step for step in JOBS["nightly/audit"]["steps"] if "run" in step]
    assert audit["run"] == "make security"
    assert audit["env"]["SAFETY_REQUIRED"] == "1"


def test_hooks_before_a_commit_are_the_checks_of_ci_and_fetch_no_program():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert [hook["entry"] for hook in hooks] == [f"make {check}" for check in CHECKS]


def test_ci_runs_all_checks_and_tests():
    """The demo is one of the tests."""
    text = (ROOT / ".ci" / "run").read_text()
    words = " ".join(re.findall("^(?:make|beside) (.+)$", text, re.M)).split()
    targets = [word for word in words if "=" not in word]
    assert sorted(targets) == sorted(["setup", *CHECKS, "test", "test-lambda", "test-cloud"])
    assert set(targets) <= set(TARGETS)
