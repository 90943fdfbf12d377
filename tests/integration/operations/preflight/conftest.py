"""An account in moto where every check passes, and the databases of a real server."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.validate import ParamValidator
from moto import mock_aws

from operations.deployment import named
from operations.preflight.deployed import JOBS
from operations.preflight.target import Network, Settings, Target
from postgres import connected, from_dsn
from tests.certificates import Authority

NAME, REGION = "totesys-dev", "eu-west-2"
ROLES = ("source", "warehouse-owner", "warehouse-loader")
CREATE_LOADER = """
DO $$ BEGIN
    IF to_regrole('warehouse_loader') IS NULL THEN CREATE ROLE warehouse_loader NOLOGIN; END IF;
END $$
"""
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})

# Requests that moto does not answer, with answers in the shape of AWS.
ANSWERS: dict[str, dict[str, Any]] = {
    "GetAccountSettings": {
        "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
    },
    "ListAWSDefaultServiceQuotas": {
        "Quotas": [
            {"QuotaName": "Max concurrent job runs per account", "Value": 30.0},
            {"QuotaName": "Max task DPUs per account", "Value": 100.0},
        ]
    },
    "ListServiceQuotas": {"Quotas": []},
    "ListWorkGroups": {
        "WorkGroups": [
            {"Name": NAME, "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3"}}
        ]
    },
    "GetDataLakeSettings": {
        "DataLakeSettings": {
            f"Create{kind}DefaultPermissions": [
                {
                    "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
                    "Permissions": ["ALL"],
                }
            ]
            for kind in ("Database", "Table")
        }
    },
    "ListEngineVersions": {
        "EngineVersions": [
            {"SelectedEngineVersion": "AUTO"},
            {"SelectedEngineVersion": "Athena engine version 3"},
        ]
    },
}


CLIENTS: dict[str, Any] = {}
"""Clients that all tests share: to create them takes longer than a test."""


@dataclass
class Account:
    """The account: ``answers`` replace those of moto, by operation."""

    target: Target
    answers: dict[str, dict[str, Any]]
    asked: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        if service not in CLIENTS:
            create: Any = boto3.client  # its types know literal names only
            CLIENTS[service] = create(service, region_name=REGION)
        return CLIENTS[service]

    @property
    def network(self) -> Network:
        assert self.target.network
        return self.target.network

    def put_secret(self, role: str, **changes: Any) -> None:
        """Change the value of a secret."""
        client, name = self.client("secretsmanager"), f"{NAME}/{role}"
        value = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
        client.put_secret_value(SecretId=name, SecretString=json.dumps({**value, **changes}))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    """The account; both databases have the address 10.0.0.77, where nothing answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # thousands, twice for each test
    with mock_aws():
        settings = Settings(workers=2, worker_type="G.1X", reserved_concurrency=1)
        target = Target(named(NAME, REGION), settings, _clients=CLIENTS)
        account = Account(target, dict(ANSWERS))
        _answer(monkeypatch, account)
        network = _network(account)
        for role in ROLES:
            _create_secret(account, role)
        _apply(account, network)
        bundle = Authority().write(tmp_path / "ca.pem")
        account.target = replace(account.target, network=network, ca_bundle=str(bundle))
        account.asked.clear()
        yield account


@pytest.fixture
def connected_account(account: Account, seeded_source_dsn: str, warehouse_dsn: str) -> Account:
    """The account, outside a VPC, with databases that answer."""
    for role in ROLES:
        address = from_dsn(seeded_source_dsn if role == "source" else warehouse_dsn)
        account.put_secret(
            role,
            host=address.host,
            port=address.port,
            dbname=address.database,
            username=address.user,
            password=address.password,
        )
    with connected(from_dsn(warehouse_dsn), "owner") as owner:
        owner.run(CREATE_LOADER)
    account.target = replace(account.target, network=None)
    account.asked.clear()
    return account


def _answer(monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    """Record every request, and give the account's answers, which have the shape of AWS."""
    ask = BaseClient._make_api_call  # type: ignore[attr-defined] # private

    def answer(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        service = client.meta.service_model
        account.asked.add(f"{service.signing_name}:{operation}")
        if operation not in account.answers:
            return ask(client, operation, parameters)
        shape: Any = service.operation_model(operation).output_shape
        found = account.answers[operation]
        errors = ParamValidator().validate(found, shape)
        assert not errors.has_errors(), errors.generate_report()
        return found

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)


def _network(account: Account) -> Network:
    """Create a VPC with two subnets, a gateway endpoint of S3, and a database in it."""
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        for cidr in ("10.0.0.0/24", "10.0.1.0/24")
    ]
    group = ec2.create_security_group(GroupName="database", Description="database", VpcId=vpc)
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[port_to(5432, "10.0.0.0/16")],
    )
    ec2.create_network_interface(
        SubnetId=subnets[0], PrivateIpAddress="10.0.0.77", Groups=[group["GroupId"]]
    )
    chosen = [{"Name": "vpc-id", "Values": [vpc]}]
    [table] = ec2.describe_route_tables(Filters=chosen)["RouteTables"]
    return Network(vpc, subnets, [table["RouteTableId"]], interface_endpoints=True)


EVERY_PORT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def port_to(port: int, cidr: str) -> dict[str, Any]:
    """Return a rule of a security group."""
    ranges = [{"CidrIp": cidr}]
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


def let_out(account: Account, rule: dict[str, Any], *, revoke: bool = False) -> None:
    """Add an egress rule to the security group of the function, or remove it."""
    ec2 = account.client("ec2")
    change = ec2.revoke_security_group_egress if revoke else ec2.authorize_security_group_egress
    change(GroupId=group_named(account, f"{NAME}-workers")["GroupId"], IpPermissions=[rule])


def group_named(account: Account, name: str) -> dict[str, Any]:
    """Return a security group."""
    chosen = [{"Name": "group-name", "Values": [name]}]
    found = account.client("ec2").describe_security_groups(Filters=chosen)
    [group] = found["SecurityGroups"]
    return dict(group)


def _create_secret(account: Account, role: str) -> None:
    value = {"host": "10.0.0.77", "port": 5432, "dbname": "db", "username": role, "password": "p"}
    account.client("secretsmanager").create_secret(
        Name=f"{NAME}/{role}", SecretString=json.dumps(value)
    )


def _apply(account: Account, network: Network) -> None:
    """Create what `make apply` creates, as far as the checks look at it."""
    role = account.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    arn = role["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("handler.py", "")
    ec2 = account.client("ec2")
    workers = ec2.create_security_group(
        GroupName=f"{NAME}-workers", Description="workers", VpcId=network.vpc_id
    )
    let_out(account, EVERY_PORT, revoke=True)
    let_out(account, port_to(5432, "10.0.0.0/8"))
    function = account.client("lambda").create_function(
        FunctionName=f"{NAME}-ingestion",
        Runtime="python3.13",
        Role=arn,
        Handler="handler.handler",
        Code={"ZipFile": package.getvalue()},
        VpcConfig={"SubnetIds": list(network.subnet_ids), "SecurityGroupIds": [workers["GroupId"]]},
    )
    account.client("scheduler").create_schedule(
        Name=f"{NAME}-ingestion",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": function["FunctionArn"], "RoleArn": arn},
    )
    for job in JOBS:
        account.client("glue").create_job(
            Name=f"{NAME}-{job}",
            Role=arn,
            Command={"Name": "glueetl"},
            GlueVersion="5.1",
            WorkerType="G.1X",
            NumberOfWorkers=2,
        )
    sns = account.client("sns")
    topic = sns.create_topic(Name=f"{NAME}-alarms")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="data@example.com")
