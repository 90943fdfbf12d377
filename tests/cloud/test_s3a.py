"""S3A under the rights and the arguments of a deployed job: what only the connector itself shows.

One job does everything (tests.cloud.s3a_job). What it leaves in the bucket of the lake stays there
for the tests of jobs, queries and operations, which run later.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lake import new_run
from lake.s3 import S3Store
from tests.cloud import glue_jars
from tests.cloud.local_aws import ACCOUNT, REGION
from tests.cloud.stacks import Stack
from tests.cloud.wired import wait_until

SCRIPT = Path(__file__).with_name("s3a_job.py")
LOCKED = "locked-by-a-test"
RETENTION: Any = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
}
COMMITTERS = ("file", "magic")
FAULTS = {
    "PUT": ["SlowDown", "SlowDown"],
    "GET": ["SlowDown", "connection lost", "connection lost"],
    "HEAD": ["SlowDown"],
}
FOLDERS = (
    *COMMITTERS,
    "busy",
    "expired",
    *(f"{how}-{c}" for how in ("broken", "killed") for c in COMMITTERS),
)
ROWS = 1_000
UNDER_WAY = {"STARTING", "RUNNING", "WAITING"}


@dataclass(frozen=True)
class Seen:
    """Findings of the job, the faults that it met, the objects below each folder that it wrote, and
    the folders with multipart uploads."""

    found: dict[str, Any]
    faults: list[list[str]]
    objects: dict[str, dict[str, int]]
    uploads: list[str]


@pytest.fixture(scope="module")
def seen(stack: Stack) -> Seen:
    """Run the job with the role and the arguments of a deployed one."""
    glue_jars.require()
    bucket = stack.outputs["buckets"]["processed"]
    folder = f"g=1/fact_sales_order/batch={1:020d}-{new_run()}"
    for method, faults in FAULTS.items():
        busy = {"method": method, "prefix": f"/{bucket}/{folder}-busy/"}
        stack.aws.lab("faults", **busy, faults=faults)
    expired = {"method": "PUT", "prefix": f"/{bucket}/{folder}-expired/"}
    stack.aws.lab("faults", **expired, faults=[], always="ExpiredToken")
    with locked_bucket(stack) as locked:
        found = run(stack, {"--lake": bucket, "--folder": folder, "--locked": locked})
        objects = {LOCKED: below(stack, locked, "")}
    objects |= {name: below(stack, bucket, f"{folder}-{name}/") for name in FOLDERS}
    uploads = stack.aws.client("s3").list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    started = [upload["Key"].removeprefix(f"{folder}-").partition("/")[0] for upload in uploads]
    return Seen(found, stack.aws.lab("faults"), objects, started)


@contextmanager
def locked_bucket(stack: Stack) -> Iterator[str]:
    """Create a bucket with a default retention, to which the builds may write."""
    s3, iam = stack.aws.client("s3"), stack.aws.client("iam")
    name = f"{stack.outputs['workflow']}-{LOCKED}-{ACCOUNT}"  # within the boundary of the role
    place = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=place, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=RETENTION)
    arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": arns}
    policy = {"RoleName": definition(stack)["Role"].rpartition("/")[2], "PolicyName": LOCKED}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(**policy, PolicyDocument=document)
    try:
        yield name
    finally:
        iam.delete_role_policy(**policy)
        delete_with_versions(s3, name)


def delete_with_versions(s3: Any, name: str) -> None:
    """Delete a bucket with everything in it, locked or not."""
    listed = s3.list_object_versions(Bucket=name)
    for version in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())):
        key = {"Key": version["Key"], "VersionId": version["VersionId"]}
        s3.delete_object(Bucket=name, **key, BypassGovernanceRetention=True)
    s3.delete_bucket(Bucket=name)


def definition(stack: Stack) -> dict[str, Any]:
    """Return the deployed definition of a job that writes Parquet."""
    name = stack.outputs["jobs"]["build_facts"]
    found: dict[str, Any] = stack.aws.client("glue").get_job(JobName=name)["Job"]
    return found


def run(stack: Stack, arguments: dict[str, str]) -> dict[str, Any]:
    """Run the script as a job; return the last line of its output."""
    glue, deployed = stack.aws.client("glue"), definition(stack)
    fields = glue.meta.service_model.shape_for("CreateJobRequest").members
    job = {field: deployed[field] for field in fields if field in deployed} | {"Name": LOCKED}
    with placed_script(stack, deployed["Command"]["ScriptLocation"]) as place:
        glue.create_job(**job | {"Command": {"Name": "glueetl", "ScriptLocation": place}})
        started = glue.start_job_run(JobName=LOCKED, Arguments=arguments)["JobRunId"]

        def ended() -> dict[str, Any]:
            return dict(glue.get_job_run(JobName=LOCKED, RunId=started)["JobRun"])

        wait_until(lambda: ended()["JobRunState"] not in UNDER_WAY)
        state = ended()
        glue.delete_job(JobName=LOCKED)
    assert state["JobRunState"] == "SUCCEEDED", state["ErrorMessage"]
    return output(stack, deployed["Role"].rpartition("/")[2], started)


@contextmanager
def placed_script(stack: Stack, beside: str) -> Iterator[str]:
    """Put the script beside a deployed one, where the role may fetch it."""
    bucket, _, key = beside.removeprefix("s3://").partition("/")
    place = {"Bucket": bucket, "Key": f"{key.rpartition('/')[0]}/{SCRIPT.name}"}
    stack.aws.client("s3").put_object(**place, Body=SCRIPT.read_bytes())
    yield f"s3://{bucket}/{place['Key']}"
    stack.aws.client("s3").delete_object(**place)


def output(stack: Stack, role: str, job_run: str) -> dict[str, Any]:
    """Return the last line that a run wrote to its log."""
    logs = stack.aws.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws-glue/jobs/")["logGroups"]
    names = (group["logGroupName"] for group in groups)
    [name] = [name for name in names if name.endswith(f"/{role}/output")]
    events = logs.get_log_events(logGroupName=name, logStreamName=job_run)["events"]
    found: dict[str, Any] = json.loads(events[-1]["message"])
    print(json.dumps(found, indent=2))
    return found


def below(stack: Stack, bucket: str, folder: str) -> dict[str, int]:
    """Return the sizes of the objects below a folder, by the rest of their keys."""
    store = S3Store(stack.aws.client("s3"), bucket)
    return {file.key.removeprefix(folder): file.size for file in store.under(folder)}


def test_deployed_job_names_its_region(seen: Seen):
    assert seen.found["region"] == REGION


def test_s3a_without_a_region_calls_another_one(seen: Seen):
    assert "no route to S3 in us-east-2" in seen.found["without_region"]


@pytest.mark.parametrize("committer", COMMITTERS)
def test_both_committers_write_in_the_rights_of_a_job(seen: Seen, committer: str):
    assert seen.found["written"][committer] == ROWS
    assert seen.objects[committer]


@pytest.mark.parametrize("committer", COMMITTERS)
def test_locked_bucket_refuses_s3a_which_sends_no_checksum(seen: Seen, committer: str):
    assert "x-amz-checksum- HTTP header is required" in seen.found["locked"][committer]


def test_setting_that_sends_checksums_breaks_multipart_uploads(seen: Seen):
    assert seen.found["checksums"]["file"] == "no failure"
    assert "parts could not be found" in seen.found["checksums"]["magic"]
    written = [key for key in seen.objects[LOCKED] if key.endswith(".parquet")]
    assert {key.partition("/")[0] for key in written} == {"checksums-file"}


def test_only_the_magic_committer_leaves_a_folder_marker(seen: Seen):
    empty = {c: [key for key, size in seen.objects[c].items() if size == 0] for c in COMMITTERS}
    assert empty == {"file": ["_SUCCESS"], "magic": [""]}


def test_retries_answer_slow_down_and_lost_connections(seen: Seen):
    *busy, _ = seen.faults
    assert seen.found["busy"] == ROWS
    assert busy == list(FAULTS.values())


def test_expired_credentials_end_the_write_at_once_without_a_file(seen: Seen):
    assert seen.found["expired"].startswith("BuildFailed: s3://")
    assert "token has expired" in seen.found["expired"]
    assert seen.objects["expired"] == {}


@pytest.mark.parametrize("committer", COMMITTERS)
def test_failed_write_leaves_no_temporary_file_and_no_upload(seen: Seen, committer: str):
    assert seen.found["broken"][committer].startswith("BuildFailed: s3://")
    left = seen.objects[f"broken-{committer}"]
    # a task that is still ending may write the marker of its folder again, which is empty
    temporary = {
        key: size for key, size in left.items() if key.startswith(("_temporary/", "__magic"))
    }
    assert not any(temporary.values())
    assert f"broken-{committer}" not in seen.uploads


def test_killed_file_committer_leaves_a_file_and_temporary_objects(seen: Seen):
    left = seen.objects["killed-file"]
    assert [key for key, size in left.items() if key.startswith("part-") and size]
    assert [key for key in left if key.startswith("_temporary/")]


def test_killed_magic_committer_leaves_an_upload_and_no_rows(seen: Seen):
    left = seen.objects["killed-magic"]
    assert not any(size for key, size in left.items() if key.endswith(".parquet"))
    assert [key for key in left if key.startswith("__magic") and key.endswith(".pendingset")]
    assert "killed-magic" in seen.uploads


def test_lifecycle_aborts_the_uploads_of_killed_writers(stack: Stack, seen: Seen):
    s3, bucket = stack.aws.client("s3"), stack.outputs["buckets"]["processed"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    days = [rule.get("AbortIncompleteMultipartUpload") for rule in rules]
    assert {"DaysAfterInitiation": 7} in days
