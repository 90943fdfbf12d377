"""The roles of the platform have exactly the grants they use: no request was refused, and every
unused grant has a reason."""

from typing import Any

import pytest

from tests.cloud.stacks import Stack

EXPLAINED = {
    "s3:ListMultipartUploadParts": "Hadoop asks for it, but S3A 3.4.1 lists no parts",
}


@pytest.fixture(scope="module")
def roles(stack: Stack) -> set[str]:
    """Return the names of the roles of all parts of the platform."""
    glue, outputs = stack.aws.client("glue"), stack.outputs
    function = stack.aws.client("lambda").get_function_configuration(
        FunctionName=outputs["function"]
    )
    schedule = stack.aws.client("scheduler").get_schedule(Name=outputs["schedule"])
    targets = stack.aws.client("events").list_targets_by_rule(Rule=outputs["rule"])["Targets"]
    jobs = [*outputs["jobs"].values(), outputs["migrate_job"], outputs["compact_job"]]
    found = [
        function["Role"],
        schedule["Target"]["RoleArn"],
        *(target["RoleArn"] for target in targets),
        *(glue.get_job(JobName=job)["Job"]["Role"] for job in jobs),
    ]
    return {arn.rpartition("/")[2] for arn in found}


@pytest.fixture(scope="module")
def grants(stack: Stack, roles: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the decisions on these roles during the other tests of this folder."""
    recorded = stack.aws.lab("grants")
    of_roles = {
        kind: [one for one in all_ if one["role"] in roles] for kind, all_ in recorded.items()
    }
    if {use["role"] for use in of_roles["uses"]} != roles:
        pytest.skip("not every part has run: run test_wiring.py and test_publishing_jobs.py too")
    return of_roles


def test_no_request_of_a_role_was_refused(grants: dict[str, list[dict[str, Any]]]):
    assert [use for use in grants["uses"] if not use["allowed"]] == []


def test_every_unused_grant_has_a_reason(grants: dict[str, list[dict[str, Any]]]):
    print(f"\n{len({(use['role'], use['action']) for use in grants['uses']})} grants used; never:")
    for unused in grants["unused"]:
        reason = EXPLAINED.get(unused["action"], "?")
        print("{role:35} {sid:20} {action:32}".format(**unused), reason)
    assert {unused["action"] for unused in grants["unused"]} == set(EXPLAINED)
