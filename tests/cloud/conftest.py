"""One AWS account with the platform in it for the whole run: applied once, destroyed at the end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from embedded.server import Server
from postgres import from_dsn
from tests.cloud.local_aws import ACCOUNT, PYTHON, REGION, ROOT, LocalAws
from tests.cloud.terraform import Terraform

REPOSITORY = "owner/name"
DEPLOYING = f"repo:{REPOSITORY}:ref:refs/heads/main"
PLANNING = f"repo:{REPOSITORY}:pull_request"
STATE_ON_THE_ENDPOINT = {
    "use_path_style": True,
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
}
# What waits for what: wiring needs a platform that nobody has used yet, the grants are counted when
# all have run, and nothing runs after the end. Alarms come late, because they leave the platform
# with what went wrong; what is put into the buckets by hand, into logs too, comes after all polls.
ORDER = {
    "test_apply": 0,
    "test_wiring": 1,
    "test_alarms": 3,
    "test_grants": 4,
    "test_buckets": 5,
    "test_destroy": 6,
}


@dataclass(frozen=True)
class Account:
    """The applied root of ``terraform/account``."""

    aws: LocalAws
    terraform: Terraform
    outputs: dict[str, Any]

    def backend(self, environment: str) -> dict[str, str | bool]:
        """Where the state of an environment is kept."""
        key = {"key": f"{environment}/terraform.tfstate"}
        return {**self.outputs["backend"], **key, **STATE_ON_THE_ENDPOINT}


@dataclass(frozen=True)
class Stack:
    """The applied root of ``terraform/dev`` or ``terraform/prod``."""

    aws: LocalAws
    terraform: Terraform
    outputs: dict[str, Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs the stack before what ends it."""
    items.sort(key=lambda item: ORDER.get(item.path.stem, 2))


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """An empty account."""
    if not PYTHON.exists():
        pytest.skip("the endpoint's environment is missing: make test-cloud makes it")
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Terraform deploys, built for this machine."""
    out = tmp_path_factory.mktemp("artifacts")
    command = [sys.executable, "-m", "artifacts", "--out", str(out), "--platform", "host"]
    subprocess.run(command, cwd=ROOT, check=True)
    return out


@pytest.fixture(scope="session")
def production_under_way(
    local_aws: LocalAws,
    artifacts: Path,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Future[Stack] | None]:
    """Production being applied to an account of its own, while others wait; None if nobody asks."""
    if not any("production" in getattr(item, "fixturenames", ()) for item in request.session.items):
        yield None
        return
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws, ThreadPoolExecutor(1) as pool:
        terraform = Terraform("prod", tmp_path_factory.mktemp("prod"), aws.environment())
        yield pool.submit(_apply, aws, terraform, _settings(artifacts))


def _apply(
    aws: LocalAws,
    terraform: Terraform,
    settings: dict[str, Any],
    backend: dict[str, str | bool] | None = None,
) -> Stack:
    terraform.init(**backend or {})
    terraform.variables(**settings)
    terraform.apply()
    return Stack(aws, terraform, terraform.outputs())


def _settings(artifacts: Path) -> dict[str, Any]:
    return {
        "artifacts_dir": str(artifacts),
        "emails": ["data@example.com"],
        "runbook_url": "https://example.com/runbook",
    }


@pytest.fixture(scope="session")
def production(production_under_way: Future[Stack]) -> Stack:
    """The platform as production has it, outside any VPC."""
    return production_under_way.result()


@pytest.fixture(scope="session")
def account(
    local_aws: LocalAws,
    production_under_way: Future[Stack] | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Account:
    """An account with what it needs once: a place for states, and roles for GitHub Actions."""
    terraform = Terraform("account", tmp_path_factory.mktemp("account"), local_aws.environment())
    terraform.init()
    terraform.variables(repository=REPOSITORY)
    terraform.apply()
    return Account(local_aws, terraform, terraform.outputs())


@pytest.fixture(scope="session")
def network(local_aws: LocalAws) -> dict[str, Any]:
    """A network that somebody else made, as the root asks for it."""
    ec2 = local_aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    return {
        "vpc_id": vpc,
        "subnet_ids": subnets,
        "route_table_ids": [table],
        "interface_endpoints": True,
    }


@pytest.fixture(scope="session")
def quicksight(local_aws: LocalAws) -> dict[str, Any]:
    """What an administrator has set up in QuickSight, as the root asks for it."""
    local_aws.client("iam").create_role(
        RoleName="aws-quicksight-secretsmanager-role-v0",
        Path="/service-role/",
        AssumeRolePolicyDocument="{}",
    )
    groups = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default"
    return {
        "host": "warehouse.example.internal",
        "database": "warehouse",
        "viewers": [f"{groups}/everybody"],
        "authors": [f"{groups}/analysts"],
    }


@pytest.fixture(scope="session")
def stack(
    account: Account,
    artifacts: Path,
    network: dict[str, Any],
    quicksight: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Stack:
    """The platform, as GitHub Actions deploys it: under its role, with the state in a bucket."""
    aws = account.aws
    deployer = aws.from_github(account.outputs["roles"]["dev"], DEPLOYING)
    terraform = Terraform("dev", tmp_path_factory.mktemp("dev"), aws.environment(deployer))
    settings = {
        "network": network,
        "quicksight": quicksight,
        "freshness_seconds": 2,
        "horizon_age_seconds": 1,
        "permissions_boundary": account.outputs["boundaries"]["dev"],
    }
    return _apply(aws, terraform, _settings(artifacts) | settings, account.backend("dev"))


@dataclass(frozen=True)
class Databases:
    """The DSNs of the two databases, as their owner."""

    source: str = field(repr=False)
    warehouse: str = field(repr=False)


@pytest.fixture(scope="session")
def databases(stack: Stack, server: Server, seeded_template: str) -> Iterator[Databases]:
    """A source with 40 orders, and an empty warehouse; the platform's secrets tell of them.

    They are the same for every test: a lake belongs to one source.
    """
    names = {"source": "cloud_source", "warehouse": "cloud_warehouse"}
    server.create_database(names["source"], seeded_template)
    server.create_database(names["warehouse"])
    for secret in stack.outputs["secrets"]:
        _tell(stack, secret, server.dsn(names[secret.partition("_")[0]]))
    yield Databases(server.dsn(names["source"]), server.dsn(names["warehouse"]))
    for name in names.values():
        server.drop_database(name)


def _tell(stack: Stack, secret: str, dsn: str) -> None:
    address = from_dsn(dsn)
    told = {
        "host": address.host,
        "port": address.port,
        "dbname": address.database,
        "username": address.user,
        "password": address.password,
    }
    stack.aws.client("secretsmanager").put_secret_value(
        SecretId=stack.outputs["secrets"][secret], SecretString=json.dumps(told)
    )
