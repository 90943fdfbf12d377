"""A deployment: the names of its resources in AWS."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.project import PROJECT
from operations.errors import InvalidQuestion, NothingDeployed

EXAMPLE = f"{PROJECT}-dev"
REMEDY = (
    "To fix: apply Terraform (`make apply`), fetch its state (docs/deploy.md says where), or name"
    f" the deployment without it: `NAME={EXAMPLE} REGION=eu-west-2`."
)


@dataclass(frozen=True)
class Deployment:
    """The resources that commands use. ``alarms`` is None if their names are not known; then they
    begin with ``name``, as all names do."""

    name: str
    region: str
    function: str
    schedule: str
    queue: str
    workflow: str
    migrate_job: str
    source_secret: str
    reader_secret: str
    alarms: Sequence[str] | None = None


def named(name: str, region: str) -> Deployment:
    """Return the deployment whose names begin with ``name``, as Terraform's modules name them.

    Raises InvalidQuestion if ``region`` is empty.
    """
    if not region:
        raise InvalidQuestion(
            f"The region of {name} is not known. To fix: give --region eu-west-2 (REGION= to make),"
            " or set AWS_REGION."
        )
    return Deployment(
        name=name,
        region=region,
        function=f"{name}-ingestion",
        schedule=f"{name}-ingestion",
        queue=f"{name}-dead-letters",
        workflow=name,
        migrate_job=f"{name}-migrate-warehouse",
        source_secret=f"{name}/source",
        reader_secret=f"{name}/warehouse-reader",
    )


def from_outputs(text: str) -> Deployment:
    """Return the deployment with these outputs, as `terraform output -json` prints them.

    Raises NothingDeployed if there are no outputs, or if one is missing.
    """
    if not text.strip():
        raise NothingDeployed(f"There are no outputs of Terraform. {REMEDY}")
    try:
        value = {name: output["value"] for name, output in json.loads(text).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NothingDeployed(
            f"The input is not the output of `terraform output -json`. {REMEDY}"
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
            migrate_job=value["migrate_job"],
            source_secret=value["secrets"]["source"],
            reader_secret=value["secrets"]["warehouse_reader"],
            alarms=[*value["alarms"].values()],
        )
    except KeyError as missing:
        raise NothingDeployed(
            f"Terraform has no output {missing}: another version is applied. {REMEDY}"
        ) from None
