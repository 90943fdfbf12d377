"""Alarms in XML, as Terraform reads them: ministack omits half of their fields."""

import json
from html import escape
from typing import Any

from ministack.services import cloudwatch

Parameters = dict[str, Any]


def install() -> None:
    """Describe alarms in XML with all fields of the JSON form."""
    describe = cloudwatch._describe_alarms

    def describing(
        parameters: Parameters, request: Parameters, is_cbor: bool, is_json: bool = False
    ) -> Any:
        if is_cbor or is_json:
            return describe(parameters, request, is_cbor, is_json)
        _, _, body = describe(parameters, _request(parameters), is_cbor=False, is_json=True)
        return cloudwatch._xml(
            200,
            "DescribeAlarmsResponse",
            f"<DescribeAlarmsResult>{_xml(json.loads(body))}</DescribeAlarmsResult>",
        )

    cloudwatch._describe_alarms = describing


def _request(parameters: Parameters) -> Parameters:
    """Return the parameters of a query in the form of JSON: numbered members become lists."""
    request: Parameters = {}
    for name in parameters:
        value = cloudwatch._p(parameters, name)
        kind, member, _ = name.partition(".member.")
        if member:
            request.setdefault(kind, []).append(value)
        else:
            request[name] = value
    return request


def _xml(value: Any, name: str = "") -> str:
    match value:
        case dict():
            return "".join(f"<{k}>{_xml(v, k)}</{k}>" for k, v in value.items() if v is not None)
        case list():
            return "".join(f"<member>{_xml(item)}</member>" for item in value)
        case bool():
            return str(value).lower()
        case int() | float() if name.endswith("Timestamp"):
            return str(cloudwatch._ts_iso(value))
        case _:
            return escape(str(value))
