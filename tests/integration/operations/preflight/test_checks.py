"""Every check passes in an account as it should be, and fails once for its own reason."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations.deployment import named
from operations.preflight import account as account_checks
from operations.preflight import databases
from operations.preflight.check import Check, Result, find
from operations.preflight.checks import CHECKS, preflight
from operations.preflight.network import SERVICES
from operations.preflight.target import Settings, Target, of_name
from postgres import Sql, connected, render
from tests.integration.operations.preflight.conftest import (
    NAME,
    Account,
    group_named,
    let_out,
    port_to,
)

Break = Callable[[Account], object]
BY_NAME: Mapping[str, Check] = {check.name: check for check in CHECKS}
QUOTA = "Max task DPUs per account"


def change_network(**changes: Any) -> Break:
    def change(account: Account) -> None:
        account.target = replace(account.target, network=replace(account.network, **changes))

    return change


def answer(operation: str, **found: Any) -> Break:
    return lambda account: account.answers.update({operation: found})


def turn_off_names(account: Account) -> None:
    account.client("ec2").modify_vpc_attribute(
        VpcId=account.network.vpc_id, EnableDnsHostnames={"Value": False}
    )


def add_endpoints(account: Account) -> None:
    for service in SERVICES:
        account.client("ec2").create_vpc_endpoint(
            VpcId=account.network.vpc_id,
            ServiceName=f"com.amazonaws.eu-west-2.{service}",
            VpcEndpointType="Interface",
        )


def close_database(account: Account) -> None:
    group = group_named(account, "database")
    account.client("ec2").revoke_security_group_ingress(
        GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
    )


def admit_a_group(account: Account, admitted: str) -> None:
    """Let the database admit a security group, and no address."""
    close_database(account)
    pairs = [{"GroupId": group_named(account, admitted)["GroupId"]}]
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": pairs}
    account.client("ec2").authorize_security_group_ingress(
        GroupId=group_named(account, "database")["GroupId"], IpPermissions=[rule]
    )


def add_interface(account: Account, address: str = "10.0.0.77") -> str:
    """Create an interface in another VPC, whose group admits nobody; return the VPC."""
    ec2 = account.client("ec2")
    vpc = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet, PrivateIpAddress=address)
    return vpc


def change_job(account: Account) -> None:
    glue = account.client("glue")
    role = glue.get_job(JobName=f"{NAME}-build-facts")["Job"]["Role"]
    glue.delete_job(JobName=f"{NAME}-build-facts")
    glue.create_job(
        Name=f"{NAME}-build-facts", Role=role, Command={"Name": "glueetl"}, GlueVersion="5.0"
    )


def pause(account: Account) -> None:
    scheduler = account.client("scheduler")
    found = scheduler.get_schedule(Name=f"{NAME}-ingestion")
    scheduler.update_schedule(
        Name=f"{NAME}-ingestion",
        ScheduleExpression=found["ScheduleExpression"],
        FlexibleTimeWindow=found["FlexibleTimeWindow"],
        Target=found["Target"],
        State="DISABLED",
    )


def set_secret(role: str, **changes: Any) -> Break:
    return lambda account: account.put_secret(role, **changes)


def spoil_secret(role: str) -> Break:
    def spoil(account: Account) -> None:
        account.client("secretsmanager").put_secret_value(
            SecretId=f"{NAME}/{role}", SecretString="{}"
        )

    return spoil


def spoil_bundle(account: Account) -> None:
    assert account.target.ca_bundle
    Path(account.target.ca_bundle).write_text("not a certificate", encoding="utf-8")


def encrypt_catalog(account: Account) -> None:
    key = "arn:aws:kms:eu-west-2:123456789012:key/1"
    at_rest = {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": key}
    account.client("glue").put_data_catalog_encryption_settings(
        DataCatalogEncryptionSettings={"EncryptionAtRest": at_rest}
    )


def be_late(module: Any) -> Callable[[pytest.MonkeyPatch], None]:
    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(minutes=10)

    return lambda patch: patch.setattr(module, "datetime", Late)


IN_THE_ACCOUNT: Mapping[str, tuple[Break, str]] = {
    "region": (
        answer("DescribeRegions", Regions=[{"OptInStatus": "not-opted-in"}]),
        "not enabled the region eu-west-2.+enable it",
    ),
    "Lambda concurrency": (
        answer("GetAccountSettings", AccountLimit={"UnreservedConcurrentExecutions": 100}),
        "reserved_concurrency = null",
    ),
    "Glue quotas": (
        answer("ListServiceQuotas", Quotas=[{"QuotaName": QUOTA, "Value": 3.0}]),
        "needs 6 DPUs of Glue at once.+3: ",
    ),
    "Athena engine": (
        answer("ListEngineVersions", EngineVersions=[{"SelectedEngineVersion": "AUTO"}]),
        "need Athena engine version 3",
    ),
    "Data Catalog": (encrypt_catalog, "key/1, which the jobs may not use.+WITH-SERVICE-ROLE"),
    "subnets": (change_network(vpc_id="vpc-another"), "belongs to vpc-.+subnets of vpc-another"),
    "route to S3": (change_network(route_table_ids=[]), r"no route to S3.+route_table_ids"),
    "route to AWS": (turn_off_names, "enableDnsHostnames off"),
    "CA bundle": (spoil_bundle, "no certificates in PEM"),
    "secret source": (spoil_secret("source"), "must be a JSON object with host"),
    "secret warehouse-owner": (spoil_secret("warehouse-owner"), "must be a JSON object"),
    "secret warehouse-loader": (spoil_secret("warehouse-loader"), "must be a JSON object"),
    "route to source": (close_database, "does not admit the subnets on port 5432"),
    "route to warehouse": (
        set_secret("warehouse-loader", port=5433),
        "port 5433 of 10.0.0.77 is closed.+database_ports",
    ),
    "function": (
        answer("GetFunctionConfiguration", State="Failed", StateReason="no subnet is left"),
        "is Failed and Successful: no subnet is left",
    ),
    "jobs": (change_job, "totesys-dev-build-facts runs on Glue 5.0"),
    "Athena workgroup": (
        answer(
            "ListWorkGroups",
            WorkGroups=[{"Name": NAME, "EngineVersion": {"EffectiveEngineVersion": "2"}}],
        ),
        "uses 2. To fix: select Athena engine version 3",
    ),
    "schedule": (pause, "is paused"),
    "e-mail subscriptions": (
        answer(
            "ListSubscriptionsByTopic",
            Subscriptions=[
                {"Endpoint": "data@example.com", "SubscriptionArn": "PendingConfirmation"}
            ],
        ),
        "No alarm reaches data@example.com.+follow the link",
    ),
}

MISSPELT: Mapping[str, tuple[Break, str]] = {
    "a misspelt subnet": (
        change_network(subnet_ids=("subnet-0123456789abcdef0",)),
        "subnet-0123456789abcdef0 is not in eu-west-2.+correct `network.subnet_ids`",
    ),
    "a misspelt VPC": (
        change_network(vpc_id="vpc-0123456789abcdef0"),
        "belongs to vpc-.+subnets of vpc-0123456789abcdef0",
    ),
}

FURTHER: Mapping[str, tuple[str, Break, str]] = {
    "no endpoint": (
        "route to AWS",
        change_network(interface_endpoints=False),
        "no endpoint, with private DNS, of events, glue, kms.+interface_endpoints = true",
    ),
    "another network": (
        "route to source",
        set_secret("source", host="10.9.0.1"),
        "rtb-.+ has no active route to 10.9.0.1",
    ),
    "a public address": (
        "route to source",
        set_secret("source", host="192.0.2.1"),
        "192.0.2.1, which is outside `network.database_cidrs`",
    ),
    **{
        f"{check} of {what}": (check, wrong, message)
        for check in ("subnets", "route to S3", "route to source", "route to warehouse")
        for what, (wrong, message) in MISSPELT.items()
    },
    "the names of a misspelt VPC": (
        "route to AWS",
        change_network(vpc_id="vpc-0123456789abcdef0"),
        "vpc-0123456789abcdef0 is not in eu-west-2.+correct `network.vpc_id`",
    ),
    "a misspelt subnet without endpoints": (
        "route to AWS",
        change_network(subnet_ids=("subnet-0123456789abcdef0",), interface_endpoints=False),
        "subnet-0123456789abcdef0 is not in eu-west-2",
    ),
}
"""Further reasons of a failure: the check, what breaks, and the message."""

CLOCKS = {"clock": account_checks, "source clock": databases}

NEEDS_DATABASES = (
    "source server", "source rights", "source functions", "source tables", "warehouse owner",
    "warehouse loader",
)  # fmt: skip


def failure(check: str, account: Account) -> str:
    found = find(BY_NAME[check], account.target)
    assert found.result is Result.FAILED, found
    assert "To fix: " in found.text
    return found.text


@pytest.mark.parametrize("check", IN_THE_ACCOUNT)
def test_check_of_the_account_passes_and_fails(check: str, account: Account):
    break_it, message = IN_THE_ACCOUNT[check]
    assert find(BY_NAME[check], account.target).result is Result.OK
    break_it(account)
    assert re.search(message, failure(check, account))


@pytest.mark.parametrize("reason", FURTHER)
def test_check_of_the_network_fails_for_further_reasons(reason: str, account: Account):
    check, break_it, message = FURTHER[reason]
    break_it(account)
    assert re.search(message, failure(check, account))


def applied(account: Account) -> Target:
    """Return the target as ``--name`` finds it."""
    found = of_name(NAME, "eu-west-2", None)
    return replace(found, _clients=account.target._clients)


ROUTE = BY_NAME["route to source"]


@pytest.mark.parametrize(
    ("port", "is_open"), [(5432, True), (6543, False)], ids=["the open port", "a closed port"]
)
def test_name_of_a_deployment_reads_the_ports_that_its_security_group_opens(
    account: Account, port: int, is_open: bool
):
    """Without the variables of Terraform, their defaults would be a guess."""
    account.client("ec2").authorize_security_group_ingress(
        GroupId=group_named(account, "database")["GroupId"],
        IpPermissions=[port_to(6543, "10.0.0.0/16")],
    )
    account.put_secret("source", port=port)
    found = find(ROUTE, applied(account))
    assert found.result is (Result.OK if is_open else Result.FAILED), found
    if not is_open:
        assert re.search(
            r"^sg-\w+, the security group .+ drops requests to 10.0.0.77:6543", found.text
        )
    let_out(account, port_to(port, "10.0.0.77/32"))
    assert find(ROUTE, applied(account)).result is Result.OK


def test_name_of_a_deployment_reads_the_addresses_that_its_security_group_opens(account: Account):
    let_out(account, port_to(5432, "10.0.0.0/8"), revoke=True)
    let_out(account, port_to(5432, "192.168.0.0/16"))
    found = find(ROUTE, applied(account))
    assert (found.result, "database_cidrs" in found.text) == (Result.FAILED, True), found


def test_name_of_a_deployment_reads_its_workers_and_its_concurrency(account: Account):
    account.client("glue").delete_job(JobName=f"{NAME}-build-facts")
    account.client("glue").create_job(
        Name=f"{NAME}-build-facts", Role="role", Command={"Name": "glueetl"}, GlueVersion="5.1",
        WorkerType="G.2X", NumberOfWorkers=30,
    )  # fmt: skip
    target = applied(account)
    assert target.settings == Settings(30, "G.2X", None)
    assert "needs 124 DPUs" in find(BY_NAME["Glue quotas"], target).text
    assert "none reserved" in find(BY_NAME["Lambda concurrency"], target).text


def test_name_that_is_not_applied_leaves_settings_and_network_unchecked(account: Account):
    account.client("lambda").delete_function(FunctionName=f"{NAME}-ingestion")
    account.put_secret("source", host="127.0.0.1", port=1)
    target = applied(account)
    for name in (
        "Lambda concurrency", "Glue quotas", "subnets", "route to S3", "route to AWS",
        "route to source",
    ):  # fmt: skip
        found = find(BY_NAME[name], target)
        assert found.result is Result.NOT_CHECKED, found
        assert "totesys-dev is not applied" in found.text
    assert find(BY_NAME["source server"], target).result is Result.NOT_CHECKED


def test_name_whose_subnet_was_deleted_says_so(account: Account):
    configuration = account.client("lambda").get_function_configuration(
        FunctionName=f"{NAME}-ingestion"
    )
    place = {**configuration["VpcConfig"], "SubnetIds": ["subnet-0123456789abcdef0"]}
    answer("GetFunctionConfiguration", VpcConfig=place)(account)
    found = find(BY_NAME["subnets"], applied(account))
    assert (found.result, "is not in eu-west-2" in found.text) == (Result.FAILED, True), found


@pytest.mark.parametrize(
    ("admitted", "result"), [(f"{NAME}-workers", Result.OK), ("others", Result.NOT_CHECKED)]
)
def test_database_that_admits_the_group_of_the_function(
    account: Account, admitted: str, result: Result
):
    account.client("ec2").create_security_group(
        GroupName="others", Description="others", VpcId=account.network.vpc_id
    )
    admit_a_group(account, admitted)
    assert find(ROUTE, applied(account)).result is result
    assert find(ROUTE, account.target).result is Result.NOT_CHECKED


def test_interface_of_another_network_with_the_same_address_does_not_count(account: Account):
    add_interface(account)
    assert find(ROUTE, account.target).result is Result.OK
    close_database(account)
    assert "does not admit the subnets" in failure("route to source", account)


def test_two_interfaces_of_other_networks_with_one_address_are_not_checked(account: Account):
    account.put_secret("source", host="10.0.0.78")
    networks = [add_interface(account, "10.0.0.78") for _ in range(2)]
    found = find(ROUTE, account.target)
    assert found.result is Result.NOT_CHECKED
    assert ", ".join(sorted(networks)) in found.text


def test_data_catalog_that_lake_formation_governs_is_not_checked(account: Account):
    answer("GetDataLakeSettings", DataLakeSettings={"CreateTableDefaultPermissions": []})(account)
    found = find(BY_NAME["Data Catalog"], account.target)
    assert found.result is Result.NOT_CHECKED
    assert "grant totesys-dev-glue-load rights" in found.text


@pytest.mark.parametrize("check", CLOCKS)
def test_clock_that_is_ten_minutes_off_fails(
    check: str, connected_account: Account, monkeypatch: pytest.MonkeyPatch
):
    assert find(BY_NAME[check], connected_account.target).result is Result.OK
    be_late(CLOCKS[check])(monkeypatch)
    assert re.search(r"is [+-](59|60)\d s off", failure(check, connected_account))


def test_checks_of_the_databases_pass_and_fail(connected_account: Account):
    account = connected_account
    for check in NEEDS_DATABASES:
        assert find(BY_NAME[check], account.target).result is Result.OK, check
    role = f"reader_of_{account.target.address('source').database}"
    with connected(account.target.address("source"), "owner") as source:
        source.run(render("CREATE ROLE {role} LOGIN PASSWORD 'r'", role=role))
        source.run(render("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}", role=role))
        source.run(render("REVOKE SELECT ON payment FROM {role}", role=role))
        source.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        account.put_secret("source", username=role, password="r")
        rights = failure("source rights", account)
        assert "may not: read payment, call pg_control_system(). To fix" in rights
        [grant] = re.findall(r"GRANT SELECT ON payment TO \w+", rights)
        assert "pg_control_system(): permission denied" in failure("source functions", account)
        assert "GRANT SELECT" in failure("source tables", account)
        source.run(Sql(grant))
        source.run("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
        source.run("ALTER TABLE payment DROP COLUMN paid")
        assert "does not have the column paid" in failure("source tables", account)
    for secret in ("warehouse-owner", "warehouse-loader"):
        account.put_secret(secret, username=role, password="r")
    assert "may not create schemas" in failure("warehouse owner", account)
    assert "not a member of warehouse_loader" in failure("warehouse loader", account)
    account.put_secret("source", password="wrong")
    assert "check user, password" in failure("source server", account)


def test_every_check_is_made_to_fail():
    tested = {*IN_THE_ACCOUNT, *CLOCKS, *NEEDS_DATABASES}
    assert {check.name for check in CHECKS} - tested == {"credentials"}


def test_existing_gateway_endpoint_is_a_route_to_s3(account: Account):
    account.client("ec2").create_vpc_endpoint(
        VpcId=account.network.vpc_id,
        ServiceName="com.amazonaws.eu-west-2.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=list(account.network.route_table_ids),
    )
    change_network(route_table_ids=[])(account)
    assert find(BY_NAME["route to S3"], account.target).result is Result.OK


def test_database_that_only_its_network_reaches_is_not_checked(account: Account):
    account.put_secret("source", host="127.0.0.1", port=1)
    found = find(BY_NAME["source server"], account.target)
    assert found.result is Result.NOT_CHECKED
    assert "127.0.0.1 is not reached from here" in found.text
    account.target = replace(account.target, network=None)
    assert "Nothing answers" in failure("source server", account)


def test_account_where_nothing_is_applied_fails_no_check(account: Account):
    """Before `make apply` there is no function, no secret, no topic."""
    target = replace(account.target, deployment=named("totesys-new", "eu-west-2"))
    results = {finding.check: finding.result for finding in preflight(target)}
    assert Result.FAILED not in results.values()
    not_there = {name for name, result in results.items() if result is Result.NOT_CHECKED}
    assert not_there >= {"secret source", "source rights", "function", "jobs", "schedule"}


def test_actions_of_iam_are_those_that_the_checks_ask_for(account: Account):
    """Secrets Manager asks for kms:Decrypt, with the caller's credentials. The check of the
    concurrency asks for that of the function if the account can reserve no more."""
    answer("GetAccountSettings", AccountLimit={"UnreservedConcurrentExecutions": 100})(account)
    account.client("lambda").put_function_concurrency(
        FunctionName=f"{NAME}-ingestion", ReservedConcurrentExecutions=1
    )
    add_endpoints(account)
    change_network(interface_endpoints=False)(account)
    for check in CHECKS:
        if check.name not in (*NEEDS_DATABASES, "source clock"):
            account.asked.clear()
            assert find(check, account.target).result is Result.OK, check.name
            assert account.asked == {*check.actions} - {"kms:Decrypt"}, check.name


def test_no_password_is_in_a_finding(connected_account: Account):
    password = connected_account.target.address("source").password
    assert password
    findings = [*preflight(connected_account.target)]
    assert [finding for finding in findings if finding.result is Result.FAILED] == []
    assert password not in json.dumps([finding.report() for finding in findings])
