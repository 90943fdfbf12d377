"""Terraform on a copy of a root module, with the provider from a local mirror if there is one."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from copy import copy
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Self

import pytest

from tests.cloud.provider import Providers

ROOT = Path(__file__).parents[2]
MIRROR = "registry.terraform.io"
PROVIDER = f"{MIRROR}/hashicorp/aws/*/*/terraform-provider-aws_v*"
LESS_GARBAGE_COLLECTION = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}  # saves a third of the CPU time
NO_PROVIDER = "Failed to query available provider packages"
WITH_PROVIDER = {"apply", "destroy", "plan"}
MIRROR_DEPTH = 4  # folder levels to search; a deeper search takes seconds
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "terraform/environments").glob("*.tfvars"))
NEVER_COPIED = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars", "*.tfplan")
LOCAL_STATE = """
terraform {
  backend "local" {}
}
"""
LOCAL_ENDPOINT = """
provider "aws" {
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  max_retries                 = 2 # with 25, the default, an unsupported call takes 10 minutes
}
"""


class TerraformFailed(AssertionError):
    """A Terraform command failed; the message is what it printed."""


@cache
def mirror() -> Path | None:
    """Return the folder of the provider mirror, for machines without access to the registry."""
    for folder in chain(_usual_places(), _below(Path("/"), MIRROR_DEPTH)):
        if (folder / MIRROR / "hashicorp" / "aws").is_dir():
            return folder
    return None


def _usual_places() -> Iterator[Path]:
    if "TF_PLUGIN_DIR" in os.environ:
        yield Path(os.environ["TF_PLUGIN_DIR"])
    own = Path.home() / ".terraform.d"
    for parent in (own, Path("/usr/share/terraform"), Path("/usr/local/share/terraform")):
        yield from (parent, parent / "plugins", parent / "providers", parent / "plugin-cache")


def _below(parent: Path, depth: int) -> Iterator[Path]:
    yield parent
    if depth == 0 or parent in {Path(path) for path in ("/proc", "/sys", "/dev", "/run")}:
        return
    try:
        folders = [
            Path(entry) for entry in os.scandir(parent) if entry.is_dir(follow_symlinks=False)
        ]
    except OSError:
        return
    for folder in sorted(folders):
        yield from _below(folder, depth - 1)


class Terraform:
    """A copy of one root module or module."""

    def __init__(
        self,
        root: str,
        folder: Path,
        environment: dict[str, str],
        providers: Providers | None = None,
    ) -> None:
        """Copy ``terraform/`` to ``folder``; skip the test if Terraform is not installed.

        ``root`` is the name of an environment, or a folder below ``terraform/``. With ``providers``
        the commands share a process of the provider.
        """
        if not shutil.which("terraform"):
            pytest.skip("the terraform binary is not installed")
        shutil.copytree(ROOT / "terraform", folder / "terraform", ignore=NEVER_COPIED)
        (folder / "glue_jobs").symlink_to(ROOT / "glue_jobs")
        self.folder = folder / "terraform"
        if root in ENVIRONMENTS:
            settings = ROOT / "terraform" / "environments" / f"{root}.tfvars"
            shutil.copy(settings, self.folder / "environment.auto.tfvars")
        else:
            self.folder /= root
        self._override("endpoint", LOCAL_ENDPOINT)
        self._environment = inherited() | environment
        self._providers = providers

    @property
    def provider(self) -> Path:
        """Return the program of the provider that ``init`` has installed."""
        [program] = self.folder.glob(f".terraform/providers/{PROVIDER}")
        return program.resolve()

    def acting_as(self, environment: dict[str, str]) -> Self:
        """Return the same folder with other environment variables, such as other credentials."""
        other = copy(self)
        other._environment = inherited() | environment
        return other

    def init(self, **backend: str | bool) -> None:
        """Install provider and modules; skip the test if the provider is not available.

        ``backend`` has the arguments of the S3 backend; without them the state is a local file.
        """
        if not backend:
            self._override("state", LOCAL_STATE)
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in backend.items()]
        (self.folder / "test.tfbackend").write_text("".join(lines))
        found = mirror()
        flags = ["-backend-config=test.tfbackend", *([f"-plugin-dir={found}"] if found else [])]
        try:
            self("init", "-input=false", *flags)
        except TerraformFailed as failure:
            if found or NO_PROVIDER not in str(failure):
                raise
            pytest.skip(
                f"the AWS provider is not in a mirror, and the registry is not reachable: {failure}"
            )

    def variables(self, **values: Any) -> None:
        """Set variables of the root."""
        (self.folder / "test.auto.tfvars.json").write_text(json.dumps(values))

    def apply(self, *flags: str) -> None:
        """Apply the configuration."""
        self("apply", "-input=false", "-auto-approve", *flags)

    def changes(self, *flags: str) -> str:
        """Return the plan of another apply; '' if it has no changes."""
        shown = self("plan", "-input=false", "-detailed-exitcode", *flags, accept=(0, 2))
        return "" if shown.returncode == 0 else shown.stdout

    def destroy(self) -> None:
        """Destroy all resources of the state, which is not refreshed before."""
        self("destroy", "-input=false", "-auto-approve", "-refresh=false")

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of the root."""
        shown = json.loads(self("output", "-json").stdout)
        return {name: output["value"] for name, output in shown.items()}

    def resources(self) -> list[str]:
        """Return the address of each resource in the state, without data sources."""
        addresses = self("state", "list").stdout.splitlines()
        return [address for address in addresses if not _is_data(address)]

    def _override(self, name: str, text: str) -> None:
        (self.folder / f"{name}_override.tf").write_text(text)

    def __call__(
        self, *arguments: str, accept: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        """Run one command. Raises TerraformFailed if its exit status is not accepted."""
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self._environment | self._served(arguments[0]),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in accept:
            raise TerraformFailed(f"terraform {arguments[0]}: {done.stdout}{done.stderr}")
        return done

    def _served(self, command: str) -> dict[str, str]:
        """Return the variable with which a command finds the shared process of the provider."""
        if self._providers is None or command not in WITH_PROVIDER:
            return {}
        return self._providers.variable(self.provider, self._environment)


def _is_data(address: str) -> bool:
    return address.startswith("data.") or ".data." in address


def inherited() -> dict[str, str]:
    """Return the variables of this process that Terraform and its provider may see."""
    found = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
    if not Path(found.get("TF_CLI_CONFIG_FILE", "/")).exists():
        del found["TF_CLI_CONFIG_FILE"]  # Terraform does not start without the file
    settings = {"TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color", "CHECKPOINT_DISABLE": "1"}
    return found | settings | LESS_GARBAGE_COLLECTION
