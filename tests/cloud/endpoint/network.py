"""Fields of VPC endpoints that ministack does not return, in the XML of EC2."""

import re
from html import escape
from typing import Any

from ministack.services import ec2

Request = dict[str, Any]
ENDPOINT_ID = re.compile(rb"vpce-[0-9a-f]{17}")


def install() -> None:
    """Store their security groups, policy and private DNS."""
    create, modify = ec2._create_vpc_endpoint, ec2._modify_vpc_endpoint
    fields = ec2._vpce_fields_xml

    def creating(request: Request) -> Any:
        created = ENDPOINT_ID.search(create(request)[2])
        if created is None:
            raise LookupError("ministack answers CreateVpcEndpoint without an id")
        endpoint = _kept(created[0].decode(), request)
        shown = ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint")
        return ec2._xml(200, "CreateVpcEndpointResponse", shown)

    def modifying(request: Request) -> Any:
        response = modify(request)
        if response[0] == 200:
            _kept(ec2._p(request, "VpcEndpointId"), request)
        return response

    ec2._vpce_fields_xml = lambda endpoint, tag="item": _shown(fields(endpoint, tag), endpoint)
    ec2._ACTION_MAP |= {"CreateVpcEndpoint": creating, "ModifyVpcEndpoint": modifying}


def _kept(name: str, request: Request) -> Request:
    endpoint: Request = ec2._vpc_endpoints[name]
    named = {
        change: set(ec2._parse_member_list(request, f"{change}SecurityGroupId"))
        for change in ("", "Add", "Remove")
    }
    groups = {*endpoint.get("Groups", ()), *named[""], *named["Add"]} - named["Remove"]
    endpoint["Groups"] = sorted(groups)
    for field in ("PrivateDnsEnabled", "PolicyDocument"):
        if value := ec2._p(request, field):
            endpoint[field] = value
    return endpoint


def _shown(xml: str, endpoint: Request) -> str:
    groups = endpoint.get("Groups", ())
    items = "".join(f"<item><groupId>{group}</groupId></item>" for group in groups)
    added = f"<groupSet>{items}</groupSet>"
    added += f"<privateDnsEnabled>{endpoint.get('PrivateDnsEnabled', 'false')}</privateDnsEnabled>"
    if "PolicyDocument" in endpoint:
        added += f"<policyDocument>{escape(endpoint['PolicyDocument'])}</policyDocument>"
    end = xml.rindex("</")
    return xml[:end] + added + xml[end:]
