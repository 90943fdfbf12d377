"""The table of all checks, in the order of their output."""

from collections.abc import Iterator

from operations.preflight import account, database_route, databases, deployed, network
from operations.preflight.check import Check, Finding, find
from operations.preflight.target import Target

READ_SECRET = ("secretsmanager:GetSecretValue", "kms:Decrypt")
ROUTES = ("ec2:DescribeRouteTables", "ec2:DescribeSubnets")
DATABASE = (
    *READ_SECRET, *ROUTES, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
)  # fmt: skip

CHECKS = (
    Check("credentials", account.caller, ("sts:GetCallerIdentity",)),
    Check("clock", account.clock, ("sts:GetCallerIdentity",)),
    Check("region", account.region, ("ec2:DescribeRegions",)),
    Check(
        "Lambda concurrency",
        account.concurrency,
        ("lambda:GetAccountSettings", "lambda:GetFunctionConcurrency"),
    ),
    Check(
        "Glue quotas",
        account.glue_quotas,
        ("servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"),
    ),
    Check("Athena engine", account.athena_engine, ("athena:ListEngineVersions",)),
    Check(
        "Data Catalog",
        account.data_catalog,
        ("glue:GetDataCatalogEncryptionSettings", "lakeformation:GetDataLakeSettings"),
    ),
    Check("subnets", network.subnets, ("ec2:DescribeSubnets",)),
    Check("route to S3", network.route_to_s3, (*ROUTES, "ec2:DescribeVpcEndpoints")),
    Check(
        "route to AWS",
        network.route_to_aws,
        (*ROUTES, "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints"),
    ),
    Check("CA bundle", databases.certificates),
    Check("secret source", databases.source_secret, READ_SECRET),
    Check("secret warehouse-owner", databases.owner_secret, READ_SECRET),
    Check("secret warehouse-loader", databases.loader_secret, READ_SECRET),
    Check("route to source", database_route.route_to_source, DATABASE),
    Check("route to warehouse", database_route.route_to_warehouse, DATABASE),
    Check("source server", databases.source_server, READ_SECRET),
    Check("source rights", databases.source_rights, READ_SECRET),
    Check("source functions", databases.source_functions, READ_SECRET),
    Check("source tables", databases.source_tables, READ_SECRET),
    Check("source clock", databases.source_clock, READ_SECRET),
    Check("warehouse owner", databases.warehouse_owner, READ_SECRET),
    Check("warehouse loader", databases.warehouse_loader, READ_SECRET),
    Check("function", deployed.function, ("lambda:GetFunctionConfiguration",)),
    Check("jobs", deployed.jobs, ("glue:GetJob",)),
    Check("Athena workgroup", deployed.workgroup, ("athena:ListWorkGroups",)),
    Check("schedule", deployed.schedule, ("scheduler:GetSchedule",)),
    Check(
        "e-mail subscriptions",
        deployed.subscriptions,
        ("sts:GetCallerIdentity", "sns:ListSubscriptionsByTopic"),
    ),
)


def preflight(target: Target) -> Iterator[Finding]:
    """Run every check. Raises NotSignedIn."""
    return (find(check, target) for check in CHECKS)
