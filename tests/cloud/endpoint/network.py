"""What ministack forgets of VPC endpoints and security groups, as EC2 says it in XML."""

import re
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

Request = dict[str, Any]
ENDPOINT_ID = re.compile(rb"vpce-[0-9a-f]{17}")
PERMISSION = re.compile(r"IpPermissions\.(\d+)\.PrefixListIds\.\d+\.PrefixListId")


def install() -> None:
    """Keep security groups, policy and private DNS of endpoints, and prefix lists of rules."""
    fields = ec2._vpce_fields_xml
    ec2._vpce_fields_xml = lambda endpoint, tag="item": _with_fields(
        fields(endpoint, tag), endpoint
    )
    for action in ("CreateVpcEndpoint", "ModifyVpcEndpoint"):
        ec2._ACTION_MAP[action] = _keeping(ec2._ACTION_MAP[action])
    _keep_prefix_lists()


def _keeping(original: Any) -> Any:
    def change(request: Request) -> Any:
        response = original(request)
        named = ec2._p(request, "VpcEndpointId") or ENDPOINT_ID.search(response[2])
        if response[0] != 200 or not named:
            return response
        name = named if isinstance(named, str) else named[0].decode()
        endpoint = ec2._vpc_endpoints[name]
        _keep(endpoint, request)
        if "VpcEndpointId" in request:
            return response
        made = ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint")
        return ec2._xml(200, "CreateVpcEndpointResponse", made)

    return change


def _keep(endpoint: Request, request: Request) -> None:
    groups = set(endpoint.get("Groups", ()))
    groups |= {*ec2._parse_member_list(request, "SecurityGroupId")}
    groups |= {*ec2._parse_member_list(request, "AddSecurityGroupId")}
    endpoint["Groups"] = sorted(
        groups - {*ec2._parse_member_list(request, "RemoveSecurityGroupId")}
    )
    for field in ("PrivateDnsEnabled", "PolicyDocument"):
        if ec2._p(request, field):
            endpoint[field] = ec2._p(request, field)


def _with_fields(xml: str, endpoint: Request) -> str:
    groups = endpoint.get("Groups", ())
    items = "".join(f"<item><groupId>{group}</groupId></item>" for group in groups)
    added = f"<groupSet>{items}</groupSet>"
    added += f"<privateDnsEnabled>{endpoint.get('PrivateDnsEnabled', 'false')}</privateDnsEnabled>"
    if "PolicyDocument" in endpoint:
        added += f"<policyDocument>{escape(endpoint['PolicyDocument'])}</policyDocument>"
    end = xml.rindex("</")
    return xml[:end] + added + xml[end:]


def _keep_prefix_lists() -> None:
    parse, rule_xml = ec2._parse_ip_permissions, ec2._sg_rule_xml

    def parsed(request: Request, prefix: str) -> list[Request]:
        rules: list[Request] = parse(request, prefix)
        for name in request:
            if match := PERMISSION.fullmatch(name):
                rule = rules[int(match[1]) - 1]
                rule["PrefixListIds"].append({"PrefixListId": ec2._p(request, name)})
        return rules

    def shown(group: str, rule: Request, is_egress: bool = False) -> str:
        xml: str = rule_xml(group, rule, is_egress)
        for listed in rule.get("PrefixListIds", ()):
            named = f"<prefixListId>{listed['PrefixListId']}</prefixListId></item>"
            xml = xml.replace("</item>", named)
        return xml

    ec2._parse_ip_permissions, ec2._sg_rule_xml = parsed, shown
