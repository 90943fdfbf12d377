"""Initialized Terraform folders and mocked applies, shared by all tests of the session."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from artifacts import catalog
from artifacts.scripts import copy_scripts
from tests.cloud.provider import Providers
from tests.cloud.terraform import ENVIRONMENTS, ROOT, Terraform, inherited

Resource = dict[str, Any]

FOLDER = Path(__file__).parent
TIMEOUT = 600  # seconds of a test with its fixtures
ROOTS = ("account", *ENVIRONMENTS)
MOCKED = Path(__file__).with_name("mocked.tftest.hcl")
PACKAGES = ("ingestion_lambda.zip", "platform.gluewheels.zip", "publish.gluewheels.zip", "ca.pem")
EMAILS = ["data@example.com"]
RUNBOOK = "https://example.com/runbook"
NETWORK = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "route_table_ids": ["rtb-1"],
    "interface_endpoints": True,
}
QUICKSIGHT = {
    "host": "warehouse.example.com",
    "database": "warehouse",
    "viewers": ["arn:aws:quicksight:eu-west-2:123456789012:group/default/everybody"],
    "authors": ["arn:aws:quicksight:eu-west-2:123456789012:group/default/analysts"],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder more time than others: a plan of the platform takes long."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT))


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as `make package` writes it, with empty packages."""
    folder = tmp_path_factory.mktemp("build")
    for name in PACKAGES:
        (folder / name).touch()
    (folder / "scripts").mkdir()
    copy_scripts(folder / "scripts")
    catalog.write(folder / "catalog")
    command = ["embedded.server", sys.executable, "-m", "artifacts.quicksight", "--out"]
    subprocess.run(
        [sys.executable, "-m", *command, str(folder / "quicksight")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return folder


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start the AWS provider, and return the variable with which Terraform finds it."""
    place = tmp_path_factory.mktemp("provider")
    terraform = Terraform("modules/secrets", place, {})
    terraform.init()
    with Providers(place) as providers:
        yield providers.variable(terraform.provider, inherited())


@pytest.fixture(scope="session")
def ready(
    build: Path, provider: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Terraform]:
    """Return a function: environment, or path below ``terraform/``, -> an initialized copy."""

    @cache
    def make_ready(folder: str) -> Terraform:
        place = tmp_path_factory.mktemp("terraform")
        (place / "build").symlink_to(build)
        terraform = Terraform(folder, place, provider)
        terraform.init()
        return terraform

    return make_ready


@pytest.fixture(scope="session")
def applied_by(ready: Callable[[str], Terraform], build: Path) -> Callable[[str], list[Resource]]:
    """Return a function: root -> its resources and data, with all features on a mocked AWS."""

    @cache
    def make(root: str) -> list[Resource]:
        terraform = ready(root)
        if root == "account":
            terraform.variables(repository="owner/name")
        else:
            terraform.variables(
                artifacts_dir=str(build),
                emails=EMAILS,
                runbook_url=RUNBOOK,
                network=NETWORK,
                quicksight=QUICKSIGHT,
                job_metrics=True,
            )
        (terraform.folder / "tests").mkdir(exist_ok=True)
        shutil.copy(MOCKED, terraform.folder / "tests")
        output = terraform("test", "-json", "-verbose", f"-filter=tests/{MOCKED.name}").stdout
        messages = map(json.loads, output.splitlines())
        state = next(message["test_state"] for message in messages if "test_state" in message)
        return list(_resources(state["root_module"]))

    return make


@pytest.fixture(params=ROOTS)
def applied(
    request: pytest.FixtureRequest, applied_by: Callable[[str], list[Resource]]
) -> list[Resource]:
    """Return the same for each root."""
    return applied_by(request.param)


def _resources(module: dict[str, Any]) -> Iterator[Resource]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
