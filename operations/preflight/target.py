"""The account, the settings and the databases that the checks look at."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from operations.aws import requesting
from operations.deployment import Deployment, named
from operations.errors import InvalidQuestion, NotThere
from postgres import Address, resolve

CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"})


@dataclass(frozen=True)
class Network:
    """The subnets of the function and the jobs, as the variable ``network`` has them, with its
    defaults. ``security_group_ids`` are those of the function that exists, where no variable
    tells which addresses and ports they open.
    """

    vpc_id: str
    subnet_ids: Sequence[str]
    route_table_ids: Sequence[str] = ()
    interface_endpoints: bool = False
    database_ports: Sequence[int] = (5432,)
    database_cidrs: Sequence[str] = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    security_group_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Settings:
    """Variables of Terraform; ``reserved_concurrency`` is None for none."""

    workers: int
    worker_type: str
    reserved_concurrency: int | None


@dataclass(frozen=True)
class Target:
    """A deployment, applied or not, with the settings that it has or will have.

    Without ``settings`` they are not known, nor whether there is a ``network``. ``references`` name
    databases by role, where their secrets have no values yet.
    """

    deployment: Deployment
    settings: Settings | None = None
    network: Network | None = None
    ca_bundle: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def region(self) -> str:
        return self.deployment.region

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer of AWS to a request that only reads.

        Raises NotSignedIn, NotThere or AwsRefused.
        """
        what = ", ".join(str(value) for value in parameters.values())
        with requesting(what or operation.replace("_", " "), self.region):
            if service not in self._clients:
                create: Any = boto3.client  # its types know literal names only
                self._clients[service] = create(service, region_name=self.region, config=CONFIG)
            answer: dict[str, Any] = getattr(self._clients[service], operation)(**parameters)
        return answer

    def items(
        self, service: str, operation: str, key: str, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield what every page of an answer lists under ``key``. Raises what ``ask`` does."""
        token: dict[str, Any] = {}
        while True:
            page = self.ask(service, operation, **parameters, **token)
            yield from page[key]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def secret(self, role: str) -> str:
        """Return the name of the secret of ``source``, ``warehouse-owner``, and so on."""
        return f"{self.deployment.name}/{role}"

    def address(self, role: str) -> Address:
        """Return the address in a secret, or behind its reference.

        Raises NotSignedIn, NotThere, AwsRefused, InvalidAddress or InvalidReference.
        """
        reference = self.references.get(role) or f"secretsmanager:{self.secret(role)}"
        return resolve(reference, os.environ, self._secret_value, self.ca_bundle)

    def _secret_value(self, name: str) -> str:
        try:
            answer = self.ask("secretsmanager", "get_secret_value", SecretId=name)
        except NotThere:
            raise NotThere(f"There is no secret {name} with a value") from None
        return str(answer["SecretString"])


def from_variables(text: str, ca_bundle: Path | None) -> Target:
    """Return the target with Terraform's variables, as `.ci/preflight` prints them.

    Raises InvalidQuestion.
    """
    try:
        value = json.loads(text)
        value = json.loads(value) if isinstance(value, str) else value
        deployment = named(f"{value['project']}-{value['environment']}", value["region"])
        network = value.get("network") and Network(**value["network"])
        settings = Settings(*(value[each.name] for each in fields(Settings)))
        return Target(deployment, settings, network, str(ca_bundle) if ca_bundle else None)
    except (ValueError, KeyError, TypeError):
        raise InvalidQuestion(
            "The input is not the variables of Terraform. To fix: run `make preflight`, or give"
            " --name and --region."
        ) from None


def of_name(name: str, region: str, ca_bundle: Path | None) -> Target:
    """Return the target of that name. Network and settings are those of the function and the jobs
    that exist; before `make apply` they are not known.

    Raises NotSignedIn or AwsRefused.
    """
    target = Target(named(name, region), ca_bundle=str(ca_bundle) if ca_bundle else None)
    try:
        function = target.ask(
            "lambda", "get_function_configuration", FunctionName=target.deployment.function
        )
        return replace(target, settings=_settings(target), network=_network(target, function))
    except NotThere:
        return target


def _settings(target: Target) -> Settings:
    reserved = target.ask(
        "lambda", "get_function_concurrency", FunctionName=target.deployment.function
    )
    job = target.ask("glue", "get_job", JobName=f"{target.deployment.name}-build-facts")["Job"]
    concurrency = reserved.get("ReservedConcurrentExecutions")
    return Settings(job["NumberOfWorkers"], job["WorkerType"], concurrency)


def _network(target: Target, function: Mapping[str, Any]) -> Network | None:
    place = function.get("VpcConfig", {})
    if not place.get("SubnetIds"):
        return None
    try:
        found = target.ask("ec2", "describe_subnets", SubnetIds=place["SubnetIds"])["Subnets"]
        vpc = found[0]["VpcId"]
    except NotThere:  # one was deleted, which a check reports
        vpc = place["VpcId"]
    return Network(vpc, place["SubnetIds"], security_group_ids=place["SecurityGroupIds"])
