"""Checks of the subnets: their routes to S3 and to other services of AWS."""

from collections.abc import Iterator, Sequence
from typing import Any

from operations.errors import NotThere
from operations.preflight.check import Failed, NotChecked, settings
from operations.preflight.target import Network, Target

SERVICES = ("events", "glue", "kms", "logs", "monitoring", "secretsmanager")
"""Services that the function and the jobs call, besides S3: those of Terraform's module network."""

ADDRESSES_PER_JOB = 1
"""Addresses that the function needs in a subnet; each worker of a job needs one more."""

EVERYWHERE = "0.0.0.0/0"


def subnets(target: Target) -> str:
    """Check that the subnets exist, in the VPC, with enough free addresses."""
    network = network_of(target)
    needed = ADDRESSES_PER_JOB + 2 * settings(target).workers
    for subnet in subnets_of(target, network):
        if subnet["AvailableIpAddressCount"] < needed:
            raise Failed(
                f"{subnet['SubnetId']} has {subnet['AvailableIpAddressCount']} free addresses, and"
                f" the function and the jobs need {needed}. To fix: name a larger subnet."
            )
    return f"{len(network.subnet_ids)} in {network.vpc_id}, each with {needed} free addresses"


def route_to_s3(target: Target) -> str:
    """Check that every subnet reaches S3, by a gateway endpoint or a NAT."""
    network = network_of(target)
    served = {
        table
        for endpoint in _endpoints(target, network)
        if endpoint["VpcEndpointType"] == "Gateway" and endpoint["ServiceName"].endswith(".s3")
        for table in endpoint.get("RouteTableIds", ())
    } | {*network.route_table_ids}
    for table in tables_of(target, network):
        if table["RouteTableId"] not in served and not _reaches_internet(table):
            raise Failed(
                f"The subnets of {table['RouteTableId']} have no route to S3, so every poll and"
                " every job would hang until its timeout. To fix: add the route table to"
                " `network.route_table_ids`, and Terraform creates a gateway endpoint."
            )
    return "by a gateway endpoint or a NAT"


def route_to_aws(target: Target) -> str:
    """Check that every subnet reaches the other services of AWS."""
    network = network_of(target)
    if network.interface_endpoints:
        _check_dns(target, network)
        return f"by interface endpoints that Terraform creates ({len(SERVICES)} services)"
    if all(_reaches_internet(table) for table in tables_of(target, network)):
        return "by a NAT"
    found = {
        endpoint["ServiceName"].rpartition(".")[2]
        for endpoint in _endpoints(target, network)
        if endpoint["VpcEndpointType"] == "Interface" and endpoint.get("PrivateDnsEnabled")
    }
    missing = [name for name in SERVICES if name not in found]
    if missing:
        raise Failed(
            f"The subnets have no route to the internet and no endpoint, with private DNS,"
            f" of {', '.join(missing)}."
            " To fix: set `network.interface_endpoints = true`, or add a NAT."
        )
    _check_dns(target, network)
    return "by existing interface endpoints"


def network_of(target: Target) -> Network:
    """Return the network of the target. Raises NotChecked if it has none, or if it is not known."""
    settings(target)
    if target.network is None:
        raise NotChecked("the function and the jobs run outside a VPC (`network` is null).")
    return target.network


def subnets_of(target: Target, network: Network) -> Sequence[dict[str, Any]]:
    """Return the subnets. Raises Failed unless all of them exist, in the VPC."""
    try:
        found = target.ask("ec2", "describe_subnets", SubnetIds=list(network.subnet_ids))
    except NotThere:  # subnets belong to the account, not to the deployment
        named = ", ".join(network.subnet_ids)
        raise Failed(
            f"One of {named} is not in {target.region}. To fix: correct `network.subnet_ids`."
        ) from None
    subnets: list[dict[str, Any]] = found["Subnets"]
    for subnet in subnets:
        if subnet["VpcId"] != network.vpc_id:
            raise Failed(
                f"{subnet['SubnetId']} belongs to {subnet['VpcId']}. To fix: name subnets of"
                f" {network.vpc_id} in `network`."
            )
    return subnets


def tables_of(target: Target, network: Network) -> Iterator[dict[str, Any]]:
    """Yield the route table of each subnet; the main one serves those without their own. Raises
    Failed if a subnet does not exist, or has no table."""
    subnets_of(target, network)
    chosen = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    tables = target.ask("ec2", "describe_route_tables", Filters=chosen)["RouteTables"]
    by_subnet = {
        link.get("SubnetId", "main" if link.get("Main") else ""): table
        for table in tables
        for link in table["Associations"]
    }
    for subnet in network.subnet_ids:
        table = by_subnet.get(subnet) or by_subnet.get("main")
        if table is None:
            raise Failed(f"{subnet} has no route table. To fix: associate one.")
        yield table


def _reaches_internet(table: dict[str, Any]) -> bool:
    """A NAT or a transit gateway counts; an internet gateway does not: neither the function nor a
    worker has a public address."""
    return any(
        route.get("DestinationCidrBlock") == EVERYWHERE
        and not route.get("GatewayId", "").startswith("igw-")
        and route.get("State", "active") == "active"
        for route in table["Routes"]
    )


def _endpoints(target: Target, network: Network) -> Sequence[dict[str, Any]]:
    chosen = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    found = target.items("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=chosen)
    return [endpoint for endpoint in found if endpoint["State"].lower() == "available"]


def _check_dns(target: Target, network: Network) -> None:
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = _ask_vpc(target, network, attribute)
        if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
            raise Failed(
                f"{network.vpc_id} has {attribute} off, so the names of AWS do not lead to the"
                f" interface endpoints. To fix: turn it on for the VPC."
            )


def _ask_vpc(target: Target, network: Network, attribute: str) -> dict[str, Any]:
    try:
        return target.ask(
            "ec2", "describe_vpc_attribute", VpcId=network.vpc_id, Attribute=attribute
        )
    except NotThere:  # a VPC belongs to the account, not to the deployment
        raise Failed(
            f"{network.vpc_id} is not in {target.region}. To fix: correct `network.vpc_id`."
        ) from None
