"""Checks of the route to a database: port, address, routes, security groups of both sides."""

from collections.abc import Sequence
from functools import partial
from ipaddress import IPv4Network, ip_address, ip_network
from socket import AF_INET, gaierror, getaddrinfo
from typing import Any

from operations.preflight.check import Failed, NotChecked
from operations.preflight.network import network_of, subnets_of, tables_of
from operations.preflight.target import Network, Target
from postgres import Address


def route_to_database(target: Target, role: str) -> str:
    """Check the port, the address, the route and the security groups of both sides."""
    address = target.address(role)
    if target.settings and not target.network:
        return _public(address)
    network, ip = network_of(target), _resolve(address)
    if network.security_group_ids:
        _check_groups(target, network, address, ip)
    else:
        _check_variables(network, address, ip)
    for table in tables_of(target, network):
        if not _leads(table["Routes"], ip):
            raise Failed(
                f"{table['RouteTableId']} has no active route to {ip} ({address.host}). To fix:"
                " add one, such as a peering connection to the network of the database."
            )
    return _admitted(target, network, address, ip)


route_to_source = partial(route_to_database, role="source")
route_to_warehouse = partial(route_to_database, role="warehouse-loader")


def _resolve(address: Address) -> str:
    """Return the IPv4 address of a host: neither the function nor a worker uses IPv6."""
    try:
        return str(getaddrinfo(address.host, address.port, AF_INET)[0][4][0])
    except gaierror:
        raise NotChecked(
            f"{address.host} has no IPv4 address here; a name in a private zone is known only in"
            " its VPC, and an IPv6 address is not reached."
        ) from None


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


def _check_variables(network: Network, address: Address, ip: str) -> None:
    """Check that the security group that Terraform creates lets requests to the database out."""
    if address.port not in network.database_ports:
        raise Failed(
            f"The port {address.port} of {address.host} is closed to the function and the jobs. To"
            " fix: add it to `network.database_ports`."
        )
    if not any(ip_address(ip) in ip_network(cidr) for cidr in network.database_cidrs):
        raise Failed(
            f"{address.host} is {ip}, which is outside `network.database_cidrs`, so the security"
            " group of the function and the jobs would drop it. To fix: add its range."
        )


def _check_groups(target: Target, network: Network, address: Address, ip: str) -> None:
    """Check that the security groups of the function let requests to the database out."""
    groups, place = network.security_group_ids, IPv4Network(ip)
    rules = _rules(target, groups, "IpPermissionsEgress")
    if not any(_admits(rule, address.port, [place]) for rule in rules):
        raise Failed(
            f"{', '.join(groups)}, the security group of the function and the jobs, drops requests"
            f" to {ip}:{address.port} ({address.host}). To fix: add the port to"
            " `network.database_ports`, and the range to `network.database_cidrs`."
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


def _admitted(target: Target, network: Network, address: Address, ip: str) -> str:
    """Check the security groups of the database, if its network interface is in this account."""
    groups = _groups_of(target, network, ip)
    if not groups:
        return f"{ip}:{address.port} has a route; its security group is not in this account"
    rules = _rules(target, groups, "IpPermissions")
    places = [IPv4Network(subnet["CidrBlock"]) for subnet in subnets_of(target, network)]
    if any(_admits(rule, address.port, places) for rule in rules):
        return f"{ip}:{address.port} has a route, and its security group admits the subnets"
    admitted = {
        pair["GroupId"]
        for rule in rules
        if _has_port(rule, address.port)
        for pair in rule["UserIdGroupPairs"]
    }
    if admitted & {*network.security_group_ids}:
        return f"{ip}:{address.port} has a route, and its security group admits the function's"
    if admitted:
        raise NotChecked(
            f"{', '.join(groups)} admits security groups: after `make apply`, check that"
            f" {target.deployment.name}-workers is one of them."
        )
    raise Failed(
        f"The security group {', '.join(groups)} of {address.host} does not admit the subnets on"
        f" port {address.port}. To fix: its owner must add an ingress rule for the security group"
        f" {target.deployment.name}-workers, or for the addresses of the subnets."
    )


def _groups_of(target: Target, network: Network, ip: str) -> Sequence[str]:
    """Return the security groups of the interface with an address: that of the VPC, or the only
    one of another VPC."""
    chosen = [{"Name": "addresses.private-ip-address", "Values": [ip]}]
    listed = target.items("ec2", "describe_network_interfaces", "NetworkInterfaces", Filters=chosen)
    found = [*listed]
    own = [interface for interface in found if interface["VpcId"] == network.vpc_id]
    if len(found) > 1 and not own:
        networks = ", ".join(sorted(interface["VpcId"] for interface in found))
        raise NotChecked(
            f"{ip} is an address in {networks}: the security group of the database is not known."
        )
    return [group["GroupId"] for interface in own or found for group in interface["Groups"]]


def _rules(target: Target, groups: Sequence[str], kind: str) -> Sequence[dict[str, Any]]:
    found = target.ask("ec2", "describe_security_groups", GroupIds=list(groups))
    return [rule for group in found["SecurityGroups"] for rule in group[kind]]


def _admits(rule: dict[str, Any], port: int, places: Sequence[IPv4Network]) -> bool:
    ranges = [IPv4Network(entry["CidrIp"]) for entry in rule.get("IpRanges", ())]
    return _has_port(rule, port) and all(
        any(place.subnet_of(cidr) for cidr in ranges) for place in places
    )


def _has_port(rule: dict[str, Any], port: int) -> bool:
    is_all, is_tcp = rule["IpProtocol"] == "-1", rule["IpProtocol"] in ("tcp", "6")
    return is_all or (is_tcp and rule["FromPort"] <= port <= rule["ToPort"])
