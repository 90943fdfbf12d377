import pytest

DEPLOYMENTS = ("dev", "prod")
LAKE = ("ingestion", "processed")


def of_type(resources, type_):
    return {
        resource["address"].rpartition(f".{type_}.")[0].removesuffix(".data"): resource["values"]
        for resource in resources
        if resource["type"] == type_
    }


def bucket(name):
    return f'module.lake.module.bucket["{name}"]'


@pytest.mark.parametrize(
    "setting",
    [
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_ownership_controls",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
    ],
)
def test_every_bucket_has_its_settings(applied, setting):
    assert of_type(applied, "aws_s3_bucket").keys() == of_type(applied, setting).keys()


def test_every_bucket_except_the_log_bucket_is_logged(applied):
    unlogged = (
        of_type(applied, "aws_s3_bucket").keys() - of_type(applied, "aws_s3_bucket_logging").keys()
    )
    assert {address.rpartition(".")[2] for address in unlogged} <= {"access_logs", "logs"}
    assert len(unlogged) == 1


@pytest.mark.parametrize("root", DEPLOYMENTS)
def test_only_attempts_and_superseded_objects_expire_in_the_lake(applied_by, root):
    rules = of_type(applied_by(root), "aws_s3_bucket_lifecycle_configuration")
    expiring = {
        (name, *_selected(rule["filter"][0]))
        for name in LAKE
        for rule in rules[bucket(name)]["rule"]
        if rule["expiration"][0]["days"]
    }
    assert expiring == {
        ("ingestion", "_attempts/"),
        ("processed", "_attempts/"),
        ("ingestion", "_mirror/", ("superseded", "true")),
        ("processed", "_compacted/", ("superseded", "true")),
        ("processed", "_published/", ("superseded", "true")),
    }


def _selected(chosen):
    """Return the prefix that a rule applies to, and the tags."""
    if not chosen["and"]:
        return (chosen["prefix"],)
    return (chosen["and"][0]["prefix"], *chosen["and"][0]["tags"].items())


@pytest.mark.parametrize("root", DEPLOYMENTS)
@pytest.mark.parametrize("name", LAKE)
def test_policy_of_the_lake_is_attached_to_its_bucket(applied_by, root, name):
    documents = of_type(applied_by(root), "aws_iam_policy_document")
    immutable = f'module.lake.data.aws_iam_policy_document.immutable["{name}"]'
    assert any(resource["address"] == immutable for resource in applied_by(root))
    assert len(documents[bucket(name)]["source_policy_documents"]) == 1


@pytest.mark.parametrize("name", LAKE)
def test_lake_of_prod_supports_locks_and_cannot_be_destroyed_with_objects(applied_by, name):
    prod = applied_by("prod")
    assert of_type(prod, "aws_s3_bucket")[bucket(name)]["object_lock_enabled"]
    assert not of_type(prod, "aws_s3_bucket")[bucket(name)]["force_destroy"]


def test_ingestion_bucket_of_prod_is_locked(applied_by):
    locks = of_type(applied_by("prod"), "aws_s3_bucket_object_lock_configuration")
    [retention] = locks[bucket("ingestion")]["rule"][0]["default_retention"]
    assert retention["mode"] == "GOVERNANCE"
    assert retention["days"] >= 7
