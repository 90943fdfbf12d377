"""Terraform's folders, each made ready once for whatever asks for it."""

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
from tests.cloud.terraform import ROOT, Terraform

Resource = dict[str, Any]

ROOTS = sorted(path.parent.name for path in (ROOT / "terraform").glob("*/main.tf"))
MOCKED = Path(__file__).with_name("mocked.tftest.hcl")
PACKAGES = ("ingestion_lambda.zip", "platform.gluewheels.zip", "ca.pem")
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


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``make package`` fills, with empty packages."""
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
def ready(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Terraform]:
    """A copy of a root or module after ``terraform init``, by its path below ``terraform/``."""

    @cache
    def make_ready(folder: str) -> Terraform:
        place = tmp_path_factory.mktemp("terraform")
        (place / "build").symlink_to(build)
        terraform = Terraform(folder, place, {})
        terraform.init()
        return terraform

    return make_ready


@pytest.fixture(scope="session")
def made_by(ready: Callable[[str], Terraform], build: Path) -> Callable[[str], list[Resource]]:
    """All resources and data of a root with everything switched on, applied to a mocked AWS."""

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
            )
        (terraform.folder / "tests").mkdir()
        shutil.copy(MOCKED, terraform.folder / "tests")
        told = terraform("test", "-json", "-verbose", f"-filter=tests/{MOCKED.name}").stdout
        messages = map(json.loads, told.splitlines())
        state = next(message["test_state"] for message in messages if "test_state" in message)
        return list(_resources(state["root_module"]))

    return make


@pytest.fixture(params=ROOTS)
def made(
    request: pytest.FixtureRequest, made_by: Callable[[str], list[Resource]]
) -> list[Resource]:
    """The same for each root."""
    return made_by(request.param)


def _resources(module: dict[str, Any]) -> Iterator[Resource]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
