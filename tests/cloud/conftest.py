"""One AWS account with the platform for the tests of this folder: applied once, destroyed last."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has none

from embedded.server import Server
from postgres import from_dsn
from tests.cloud import glue_jars
from tests.cloud.glue_image import ENVIRONMENT as GLUE
from tests.cloud.local_aws import ACCOUNT, PYTHON, REGION, ROOT, LocalAws
from tests.cloud.provider import Providers
from tests.cloud.stacks import Account, Databases, Stack
from tests.cloud.terraform import Terraform
from tests.cloud.wired import Run, Wired, create_login

FOLDER = Path(__file__).parent
REPOSITORY = "owner/name"
DEPLOYING = f"repo:{REPOSITORY}:ref:refs/heads/main"
PLANNING = f"repo:{REPOSITORY}:pull_request"
TIMEOUT = 900  # seconds of a test with its fixtures: an apply waits for minutes
# The files run in this order, because they share one account. test_s3a leaves files of no batch for
# the tests after it. test_wiring needs a platform without batches. test_alarms leaves failures
# behind. test_grants counts the calls of all tests before it. test_buckets writes objects by hand,
# also to the logs of the lake. test_destroy is the last one.
ORDER = {
    "test_apply": 0,
    "test_s3a": 1,
    "test_wiring": 2,
    "test_alarms": 4,
    "test_grants": 5,
    "test_buckets": 6,
    "test_destroy": 7,
}
# The files of this folder that do not use that account.
OTHERS = {
    "test_artifacts",
    "test_iceberg_java",
    "test_production",
    "test_published",
    "test_table_versions",
}


class OneAccount(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Two workers: one for the tests that share an account, one for all others."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what stays on one worker."""
        file = Path(nodeid.partition("::")[0])  # a parameter may have slashes, too
        is_of_account = file.parent.name == FOLDER.name and file.stem not in OTHERS
        return "account" if is_of_account else "others"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneAccount:
    """Use OneAccount for any --dist."""
    return OneAccount(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Run the tests of this folder before others, in the order of their definition.

    pytest-randomly shuffles only the tests of other folders.
    """
    defined = {item: number for number, item in enumerate(items) if FOLDER in item.path.parents}
    for item in defined:
        item.add_marker(pytest.mark.timeout(TIMEOUT))
    yield
    here = [item for item in items if item in defined]
    here.sort(key=lambda item: (ORDER.get(item.path.stem, 3), defined[item]))
    items[:] = here + [item for item in items if item not in defined]


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Start an empty account."""
    yield from _account(tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="session")
def other_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Start an empty account for the tests that do not share the first one."""
    yield from _account(tmp_path_factory.mktemp("aws"))


def _account(folder: Path) -> Iterator[LocalAws]:
    if not (PYTHON.exists() and GLUE.exists()):
        pytest.skip("an environment of the endpoint is missing: `make test-cloud` creates it")
    with LocalAws(folder) as aws:
        yield aws


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Build the artifacts that Terraform deploys, for this machine: once for all workers."""
    own = tmp_path_factory.getbasetemp()
    folder = own if worker_id == "master" else own.parent
    out, new = folder / "artifacts", folder / "unfinished"
    command = [sys.executable, "-m", "artifacts", "--out", str(new), "--platform", "host"]
    with (folder / "artifacts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            subprocess.run(command, cwd=ROOT, check=True)
            new.rename(out)
    return out


@pytest.fixture(scope="session")
def deployed_artifacts(artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the artifacts with two visuals on each sheet of QuickSight. All of them, which the
    tests of the module plan, would take most of the CPU time of each plan."""
    folder = tmp_path_factory.mktemp("deployed") / "artifacts"
    shutil.copytree(artifacts, folder, copy_function=os.symlink)
    path = folder / "quicksight" / "sheets.json"
    sheets = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    path.write_text(json.dumps([{**sheet, "visuals": sheet["visuals"][:2]} for sheet in sheets]))
    return folder


@pytest.fixture(scope="session")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    """Serve the commands of a root with the same credentials by one process of the provider."""
    with Providers(tmp_path_factory.mktemp("providers")) as providers:
        yield providers


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
def production(
    other_account: LocalAws,
    artifacts: Path,
    providers: Providers,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stack:
    """Apply the platform with the settings of production, outside a VPC."""
    folder = tmp_path_factory.mktemp("prod")
    terraform = Terraform("prod", folder, other_account.environment(), providers)
    return _apply(other_account, terraform, _settings(artifacts))


@pytest.fixture(scope="session")
def account(
    local_aws: LocalAws,
    providers: Providers,
    tmp_path_factory: pytest.TempPathFactory,
) -> Account:
    """Apply the account: the bucket of the states, and the roles of GitHub Actions."""
    folder = tmp_path_factory.mktemp("account")
    terraform = Terraform("account", folder, local_aws.environment(), providers)
    terraform.init()
    terraform.variables(repository=REPOSITORY)
    terraform.apply()
    return Account(local_aws, terraform, terraform.outputs())


@pytest.fixture(scope="session")
def network(local_aws: LocalAws) -> dict[str, Any]:
    """Create a network of another owner; return the variable ``network``."""
    ec2 = local_aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return {
        "vpc_id": vpc,
        "subnet_ids": subnets,
        "route_table_ids": [table],
        "interface_endpoints": True,
    }


@pytest.fixture(scope="session")
def quicksight(local_aws: LocalAws) -> dict[str, Any]:
    """Set up QuickSight as its administrator does; return the variable ``quicksight``."""
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
    deployed_artifacts: Path,
    network: dict[str, Any],
    quicksight: dict[str, Any],
    providers: Providers,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stack:
    """Apply the platform as GitHub Actions does: under its role, with the state in the bucket."""
    aws = account.aws
    deployer = aws.from_github(account.outputs["roles"]["dev"], DEPLOYING)
    folder = tmp_path_factory.mktemp("dev")
    terraform = Terraform("dev", folder, aws.environment(deployer), providers)
    settings = {
        "network": network,
        "quicksight": quicksight,
        "freshness_seconds": 10,  # a busy machine needs seconds from a commit to the metric
        "horizon_age_seconds": 1,
        "retained_wal_bytes": 1,
        "publishing_seconds": 1,
        "job_metrics": True,
        "permissions_boundary": account.outputs["boundaries"]["dev"],
    }
    values = _settings(deployed_artifacts) | settings
    return _apply(aws, terraform, values, account.backend("dev"))


@pytest.fixture(scope="session")
def databases(stack: Stack, server: Server, seeded_template: str) -> Iterator[Databases]:
    """Create a source with 40 orders and an empty warehouse, and write them to the secrets.

    All tests share them: a lake belongs to one source.
    """
    names = {"source": "cloud_source", "warehouse": "cloud_warehouse"}
    server.create_database(names["source"], seeded_template)
    server.create_database(names["warehouse"])
    for secret in stack.outputs["secrets"]:
        _write_secret(stack, secret, server.dsn(names[secret.partition("_")[0]]))
    yield Databases(server.dsn(names["source"]), server.dsn(names["warehouse"]))
    for name in names.values():
        server.drop_database(name)


def _write_secret(stack: Stack, secret: str, dsn: str) -> None:
    address = from_dsn(dsn)
    value = {
        "host": address.host,
        "port": address.port,
        "dbname": address.database,
        "username": address.user,
        "password": address.password,
    }
    stack.aws.client("secretsmanager").put_secret_value(
        SecretId=stack.outputs["secrets"][secret], SecretString=json.dumps(value)
    )


@pytest.fixture(scope="session")
def wired(stack: Stack, databases: Databases) -> Wired:
    """Return the platform with its databases; skip the test if its jobs cannot run."""
    glue_jars.require()
    return Wired(stack, databases)


@pytest.fixture(scope="session")
def migrated(wired: Wired) -> Run:
    """Do the steps after a first apply: set the logins in the secrets, and run the migration."""
    create_login(wired.databases.source, "poller", "its own password", "pg_read_all_data")
    wired.set_login("source", "poller", "its own password")
    run = wired.run_job(wired.output("migrate_job"))
    create_login(wired.databases.warehouse, "loader", "another password", "warehouse_loader")
    wired.set_login("warehouse_loader", "loader", "another password")
    return run
