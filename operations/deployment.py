"""What is deployed, by its names in AWS."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from operations.errors import InvalidQuestion, NothingDeployed

REMEDY = (
    "Apply Terraform (`make apply`), fetch its state (docs/deploy.md says where it is), or do"
    " without it: `NAME=totesys-dev REGION=eu-west-2` name what is deployed."
)


@dataclass(frozen=True)
class Deployment:
    """The parts that are asked. ``alarms`` is None where only the beginning of their names is
    known, which is ``name``, as that of every other name."""

    name: str
    region: str
    function: str
    schedule: str
    queue: str
    workflow: str
    reader_secret: str
    alarms: Sequence[str] | None = None


def named(name: str, region: str) -> Deployment:
    """The deployment whose names begin with ``name``, called as Terraform's modules call it.

    Raises InvalidQuestion where no region is known.
    """
    if not region:
        raise InvalidQuestion(
            f"The region of {name} is not known. Give --region eu-west-2 (REGION= to make), or set"
            " AWS_REGION."
        )
    return Deployment(
        name=name,
        region=region,
        function=f"{name}-ingestion",
        schedule=f"{name}-ingestion",
        queue=f"{name}-dead-letters",
        workflow=name,
        reader_secret=f"{name}/warehouse-reader",
    )


def from_outputs(text: str) -> Deployment:
    """The deployment that has these outputs, as `terraform output -json` prints them.

    Raises NothingDeployed where there are none, or where one is missing.
    """
    if not text.strip():
        raise NothingDeployed(f"There are no outputs of Terraform. {REMEDY}")
    try:
        value = {name: output["value"] for name, output in json.loads(text).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NothingDeployed(
            f"These are no outputs of `terraform output -json`. {REMEDY}"
        ) from None
    if not value:
        raise NothingDeployed(f"Nothing is applied in this environment. {REMEDY}")
    return _deployment(value)


def _deployment(value: dict[str, Any]) -> Deployment:
    try:
        return Deployment(
            name=value["workflow"],
            region=value["key"].split(":")[3],  # of its ARN
            function=value["function"],
            schedule=value["schedule"],
            queue=value["queue"],
            workflow=value["workflow"],
            reader_secret=value["secrets"]["warehouse_reader"],
            alarms=[*value["alarms"].values()],
        )
    except KeyError as missing:
        raise NothingDeployed(
            f"Terraform has no output {missing}: what is applied is of another version. {REMEDY}"
        ) from None
