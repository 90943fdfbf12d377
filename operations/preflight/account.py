"""Checks of the account: who asks, its region, its quotas."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from operations.errors import NotThere
from operations.preflight.check import Failed, NotChecked, settings
from operations.preflight.target import Target

SKEW = 60.0
"""Seconds. AWS refuses a request that is signed more than five minutes off its own clock."""

UNRESERVED = 100
"""Concurrent executions that AWS never lets an account reserve ("Configuring reserved concurrency
for a function")."""

DPUS = {"G.025X": 0.25, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "R.1X": 1, "R.2X": 2}
"""Data processing units of a worker ("Configuring job properties for Spark jobs in AWS Glue")."""

SIDE_BY_SIDE = 2
"""Jobs of the workflow that run at once: build_dimensions and build_facts."""

COMPACTION = 2
"""Workers of compact_lake, which may run beside them."""

QUOTAS = {"concurrent job runs per account": "runs", "task dpus per account": "DPUs"}
"""Ends of the names of the quotas of Glue, in lower case, and what they count."""

ENGINE = "Athena engine version 3"

ONLY_IAM = "IAM_ALLOWED_PRINCIPALS"
"""The principal of Lake Formation by which it leaves all access to IAM."""

KEY_OF_GLUE = "alias/aws/glue"
"""The key of AWS, which every role of the account may use through Glue."""


def caller(target: Target) -> str:
    """Return who asks, in which account."""
    identity = target.ask("sts", "get_caller_identity")
    return f"account {identity['Account']}, as {identity['Arn'].rpartition(':')[2]}"


def clock(target: Target) -> str:
    """Compare the clock of this machine with that of AWS."""
    answer = target.ask("sts", "get_caller_identity")
    header = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        skew = (datetime.now(UTC) - parsedate_to_datetime(header)).total_seconds()
    except ValueError:
        raise NotChecked("the answer of AWS has no date.") from None
    if abs(skew) > SKEW:
        raise Failed(
            f"The clock of this machine is {skew:+.0f} s off that of AWS, which refuses requests"
            " from 300 s on. To fix: synchronize it (NTP)."
        )
    return f"within {SKEW:g} s of the clock of AWS"


def region(target: Target) -> str:
    """Check that the account may use the region."""
    [found] = target.ask("ec2", "describe_regions", RegionNames=[target.region], AllRegions=True)[
        "Regions"
    ]
    if found["OptInStatus"] == "not-opted-in":
        raise Failed(
            f"The account has not enabled the region {target.region}. To fix: enable it (AWS"
            " Account Management, Regions), or set `region`."
        )
    return f"{target.region} is enabled"


def concurrency(target: Target) -> str:
    """Check that the account lets the function reserve its concurrency."""
    wanted = settings(target).reserved_concurrency
    limit = target.ask("lambda", "get_account_settings")["AccountLimit"]
    free = limit["UnreservedConcurrentExecutions"]
    if wanted is None:
        return f"{free} unreserved executions, none reserved for polls"
    if free - wanted < UNRESERVED and not _is_reserved(target):
        raise Failed(
            f"The account has {free} unreserved executions and must keep {UNRESERVED}, so"
            f" {wanted} cannot be reserved. To fix: set `reserved_concurrency = null`, or request"
            " a higher quota of concurrent executions of Lambda."
        )
    return f"{free} unreserved executions, {wanted} reserved for polls"


def _is_reserved(target: Target) -> bool:
    name = target.deployment.function
    try:
        found = target.ask("lambda", "get_function_concurrency", FunctionName=name)
    except NotThere:
        return False
    return bool(found.get("ReservedConcurrentExecutions"))


def glue_quotas(target: Target) -> str:
    """Check that the account may run the jobs that run side by side."""
    workers, worker_type = settings(target).workers, settings(target).worker_type
    size = DPUS.get(worker_type)
    if size is None:
        raise NotChecked(f"the size of a worker of type {worker_type} is not known.")
    needed = {"runs": SIDE_BY_SIDE + 1, "DPUs": (SIDE_BY_SIDE * workers + COMPACTION) * size}
    limits = dict(_limits(target))
    if missing := needed.keys() - limits.keys():
        raise NotChecked(f"Service Quotas lists no quota of {', '.join(sorted(missing))}.")
    for unit, number in needed.items():
        if limits[unit] < number:
            raise Failed(
                f"The workflow needs {number:g} {unit} of Glue at once, and the account may use"
                f" {limits[unit]:g}: a job waits or fails. To fix: request a higher quota"
                " (Service Quotas, AWS Glue), or set fewer `workers`."
            )
    return ", ".join(f"{needed[unit]:g} of {limits[unit]:g} {unit}" for unit in needed)


def _limits(target: Target) -> Iterator[tuple[str, float]]:
    """Yield the default of each quota, and after it the value of the account. AWS lists no value of
    an account that has the default ("ListServiceQuotas")."""
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for quota in target.items("service-quotas", operation, "Quotas", ServiceCode="glue"):
            for end, unit in QUOTAS.items():
                if quota["QuotaName"].lower().endswith(end):
                    yield unit, quota["Value"]


def athena_engine(target: Target) -> str:
    """Check that Athena offers the engine that the queries of the lake need."""
    offered = target.ask("athena", "list_engine_versions")["EngineVersions"]
    names = [engine["SelectedEngineVersion"] for engine in offered]
    if ENGINE not in names:
        raise Failed(
            f"Athena offers {', '.join(names)} in {target.region}, and the queries need {ENGINE}."
            " To fix: choose another region."
        )
    return f"{ENGINE} is offered"


def data_catalog(target: Target) -> str:
    """Check that the jobs reach the Data Catalog by the rights that IAM gives them."""
    found = target.ask("glue", "get_data_catalog_encryption_settings")
    at_rest = found["DataCatalogEncryptionSettings"].get("EncryptionAtRest", {})
    key = at_rest.get("SseAwsKmsKeyId", KEY_OF_GLUE)
    if at_rest.get("CatalogEncryptionMode") == "SSE-KMS" and not key.endswith(KEY_OF_GLUE):
        raise Failed(
            f"The account encrypts the Data Catalog with {key}, which the jobs may not use. To"
            " fix: let Glue use it by a role of its own (SSE-KMS-WITH-SERVICE-ROLE)."
        )
    lake = target.ask("lakeformation", "get_data_lake_settings")["DataLakeSettings"]
    for created in ("CreateDatabaseDefaultPermissions", "CreateTableDefaultPermissions"):
        principals = [each.get("Principal", {}) for each in lake.get(created, ())]
        if {"DataLakePrincipalIdentifier": ONLY_IAM} not in principals:
            raise NotChecked(
                "Lake Formation governs new tables of the Data Catalog: its administrator must"
                f" grant {target.deployment.name}-glue-load rights there (docs/deploy.md)."
            )
    return "IAM alone grants access, and no key of the account encrypts it"
