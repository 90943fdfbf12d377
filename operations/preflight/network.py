"""Checks of the subnets: their routes to S3, to other services of AWS and to the databases."""

from collections.abc import Iterator, Sequence
from functools import partial
from ipaddress import IPv4Network, ip_address, ip_network
from socket import gaierror, getaddrinfo
from typing import Any

from operations.errors import NotThere
from operations.preflight.check import Failed, NotChecked
from operations.preflight.target import Network, Target
from postgres import Address

SERVICES = ("events", "glue", "kms", "logs", "monitoring", "secretsmanager")
"""Services that the function and the jobs call, besides S3: those of Terraform's module network."""

ADDRESSES_PER_JOB = 1
"""Addresses that the function needs in a subnet; each worker of a job needs one more."""

EVERYWHERE = "0.0.0.0/0"


def subnets(target: Target) -> str:
    """Check that the subnets exist, in the VPC, with enough free addresses."""
    network = _network(target)
    needed = ADDRESSES_PER_JOB + 2 * target.workers
    for subnet in _subnets(target, network):
        if subnet["VpcId"] != network.vpc_id:
            raise Failed(
                f"{subnet['SubnetId']} belongs to {subnet['VpcId']}. To fix: name subnets of"
                f" {network.vpc_id} in `network`."
            )
        if subnet["AvailableIpAddressCount"] < needed:
            raise Failed(
                f"{subnet['SubnetId']} has {subnet['AvailableIpAddressCount']} free addresses, and"
                f" the function and the jobs need {needed}. To fix: name a larger subnet."
            )
    return f"{len(network.subnet_ids)} in {network.vpc_id}, each with {needed} free addresses"


def route_to_s3(target: Target) -> str:
    """Check that every subnet reaches S3, by a gateway endpoint or a NAT."""
    network = _network(target)
    served = {
        table
        for endpoint in _endpoints(target, network)
        if endpoint["VpcEndpointType"] == "Gateway" and endpoint["ServiceName"].endswith(".s3")
        for table in endpoint.get("RouteTableIds", ())
    } | {*network.route_table_ids}
    for table in _tables(target, network):
        if table["RouteTableId"] not in served and not _reaches_internet(table):
            raise Failed(
                f"The subnets of {table['RouteTableId']} have no route to S3, so every poll and"
                " every job would hang until its timeout. To fix: add the route table to"
                " `network.route_table_ids`, and Terraform creates a gateway endpoint."
            )
    return "by a gateway endpoint or a NAT"


def route_to_aws(target: Target) -> str:
    """Check that every subnet reaches the other services of AWS."""
    network = _network(target)
    if network.interface_endpoints:
        _check_dns(target, network)
        return f"by interface endpoints that Terraform creates ({len(SERVICES)} services)"
    if all(_reaches_internet(table) for table in _tables(target, network)):
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


def route_to_database(target: Target, role: str) -> str:
    """Check the port, the address, the route and the security group of a database."""
    address = target.address(role)
    if target.network is None:
        return _public(address)
    network = target.network
    if address.port not in network.database_ports:
        raise Failed(
            f"The port {address.port} of {address.host} is closed to the function and the jobs. To"
            " fix: add it to `network.database_ports`."
        )
    ip = _resolve(address)
    if not any(ip_address(ip) in ip_network(cidr) for cidr in network.database_cidrs):
        raise Failed(
            f"{address.host} is {ip}, which is outside `network.database_cidrs`, so the security"
            " group of the function and the jobs would drop it. To fix: add its range."
        )
    for table in _tables(target, network):
        if not _leads(table["Routes"], ip):
            raise Failed(
                f"{table['RouteTableId']} has no active route to {ip} ({address.host}). To fix:"
                " add one, such as a peering connection to the network of the database."
            )
    return _admitted(target, network, address, ip)


route_to_source = partial(route_to_database, role="source")
route_to_warehouse = partial(route_to_database, role="warehouse-loader")


def _admitted(target: Target, network: Network, address: Address, ip: str) -> str:
    """Check the security groups of the database, if its network interface is in this account."""
    found = target.ask(
        "ec2",
        "describe_network_interfaces",
        Filters=[{"Name": "addresses.private-ip-address", "Values": [ip]}],
    )["NetworkInterfaces"]
    groups = [group["GroupId"] for interface in found for group in interface["Groups"]]
    if not groups:
        return f"{ip}:{address.port} has a route; its security group is not in this account"
    listed = target.ask("ec2", "describe_security_groups", GroupIds=groups)["SecurityGroups"]
    rules = [rule for group in listed for rule in group["IpPermissions"]]
    if any(_admits(rule, address.port, _subnets(target, network)) for rule in rules):
        return f"{ip}:{address.port} has a route, and its security group admits the subnets"
    if any(_has_port(rule, address.port) and rule["UserIdGroupPairs"] for rule in rules):
        raise NotChecked(
            f"{', '.join(groups)} admits security groups: after `make apply`, check that"
            f" {target.deployment.name}-workers is one of them."
        )
    raise Failed(
        f"The security group {', '.join(groups)} of {address.host} does not admit the subnets on"
        f" port {address.port}. To fix: its owner must add an ingress rule for the security group"
        f" {target.deployment.name}-workers, or for the addresses of the subnets."
    )


def _admits(rule: dict[str, Any], port: int, places: Sequence[dict[str, Any]]) -> bool:
    ranges = [IPv4Network(entry["CidrIp"]) for entry in rule.get("IpRanges", ())]
    return _has_port(rule, port) and all(
        any(IPv4Network(place["CidrBlock"]).subnet_of(cidr) for cidr in ranges) for place in places
    )


def _has_port(rule: dict[str, Any], port: int) -> bool:
    is_all, is_tcp = rule["IpProtocol"] == "-1", rule["IpProtocol"] in ("tcp", "6")
    return is_all or (is_tcp and rule["FromPort"] <= port <= rule["ToPort"])


def _public(address: Address) -> str:
    if address.is_local:
        raise NotChecked(
            f"{address.host} is this machine, which the function and the jobs do not reach. Check"
            " the host in the secret."
        )
    ip = _resolve(address)
    if ip_address(ip).is_private:
        raise Failed(
            f"{address.host} is {ip}, a private address, and the function and the jobs run outside"
            " a VPC. To fix: set `network` to subnets that reach it."
        )
    return f"{address.host} is {ip}" if address.host != ip else f"{ip}, without a VPC"


def _resolve(address: Address) -> str:
    try:
        return str(getaddrinfo(address.host, address.port)[0][4][0])
    except gaierror:
        raise NotChecked(
            f"{address.host} is not known here; a name in a private zone is known only in its VPC."
        ) from None


def _network(target: Target) -> Network:
    if target.network is None:
        raise NotChecked("the function and the jobs run outside a VPC (`network` is null).")
    return target.network


def _subnets(target: Target, network: Network) -> Sequence[dict[str, Any]]:
    try:
        found = target.ask("ec2", "describe_subnets", SubnetIds=list(network.subnet_ids))
    except NotThere:  # subnets belong to the account, not to the deployment
        named = ", ".join(network.subnet_ids)
        raise Failed(
            f"One of {named} is not in {target.deployment.region}. To fix: correct"
            " `network.subnet_ids`."
        ) from None
    subnets: list[dict[str, Any]] = found["Subnets"]
    return subnets


def _tables(target: Target, network: Network) -> Iterator[dict[str, Any]]:
    """Yield the route table of each subnet; the main one serves those without their own."""
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


def _leads(routes: Sequence[dict[str, Any]], ip: str) -> bool:
    """Return whether the most specific route to the address is usable. An internet gateway is not:
    neither the function nor a worker has a public address."""
    matching = {
        ip_network(route["DestinationCidrBlock"]).prefixlen: route
        for route in routes
        if "DestinationCidrBlock" in route
        and ip_address(ip) in ip_network(route["DestinationCidrBlock"])
    }
    if not matching:
        return False
    best = matching[max(matching)]
    is_active = best.get("State", "active") == "active"
    return is_active and not best.get("GatewayId", "").startswith("igw-")


def _endpoints(target: Target, network: Network) -> Sequence[dict[str, Any]]:
    chosen = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    found = target.items("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=chosen)
    return [endpoint for endpoint in found if endpoint["State"].lower() == "available"]


def _check_dns(target: Target, network: Network) -> None:
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = target.ask(
            "ec2", "describe_vpc_attribute", VpcId=network.vpc_id, Attribute=attribute
        )
        if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
            raise Failed(
                f"{network.vpc_id} has {attribute} off, so the names of AWS do not lead to the"
                f" interface endpoints. To fix: turn it on for the VPC."
            )
