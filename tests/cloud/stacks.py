"""Applied roots of Terraform, and the databases of the platform."""

from dataclasses import dataclass, field
from typing import Any

from tests.cloud.local_aws import LocalAws
from tests.cloud.terraform import Terraform

STATE_ON_THE_ENDPOINT = {
    "use_path_style": True,
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
}


@dataclass(frozen=True)
class Account:
    """The applied root ``terraform/account``."""

    aws: LocalAws
    terraform: Terraform
    outputs: dict[str, Any]

    def backend(self, environment: str) -> dict[str, str | bool]:
        """Return the backend arguments of the state of an environment."""
        key = {"key": f"{environment}/terraform.tfstate"}
        return {**self.outputs["backend"], **key, **STATE_ON_THE_ENDPOINT}


@dataclass(frozen=True)
class Stack:
    """The platform, applied in one environment."""

    aws: LocalAws
    terraform: Terraform
    outputs: dict[str, Any]


@dataclass(frozen=True)
class Databases:
    """DSNs of the two databases, as their owner."""

    source: str = field(repr=False)
    warehouse: str = field(repr=False)
