"""Errors of S3, from botocore's stub of a response."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from lake import AlreadyExists, LakeUnavailable
from lake.aws import CLIENT_CONFIG
from lake.s3 import ATTEMPTS, S3Store, open_bucket

pytestmark = pytest.mark.lambda_runtime


@pytest.fixture
def answers() -> Iterator[tuple[S3Store, Stubber]]:
    client = boto3.client(
        "s3", region_name="eu-west-2", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(client) as stub:
        yield S3Store(client, "lake"), stub


def test_put_never_overwrites(answers: tuple[S3Store, Stubber]):
    store, stub = answers
    stub.add_response(
        "put_object", {}, {"Bucket": "lake", "Key": "k", "Body": b"", "IfNoneMatch": "*"}
    )
    store.put_new("k", b"")
    stub.assert_no_pending_responses()


def test_conflict_of_two_writers_is_repeated_until_the_other_object_exists(
    answers: tuple[S3Store, Stubber],
):
    store, stub = answers
    stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
    with pytest.raises(AlreadyExists):
        store.put_new("k", b"")
    stub.assert_no_pending_responses()


def test_repeated_conflict_is_an_error(answers: tuple[S3Store, Stubber]):
    store, stub = answers
    for _ in range(ATTEMPTS):
        stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
    with pytest.raises(LakeUnavailable, match="cannot be written"):
        store.put_new("k", b"")


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("put_object", lambda store: store.put_new("k", b"")),
        ("get_object", lambda store: store.get("k")),
        ("list_objects_v2", lambda store: store.newest("k/")),
        ("list_objects_v2", lambda store: store.under("k/")),
        ("put_object_tagging", lambda store: store.expire(["k"])),
        ("put_object_tagging", lambda store: store.remove(["k"])),
    ],
    ids=["put_new", "get", "newest", "under", "expire", "remove"],
)
def test_refusal_names_the_object_and_the_remedy(answers, operation, call):
    store, stub = answers
    stub.add_client_error(operation, "AccessDenied", http_status_code=403)
    with pytest.raises(LakeUnavailable, match=r"s3://lake/k.*permissions of the role"):
        call(store)


def test_expired_object_is_tagged_as_superseded(answers: tuple[S3Store, Stubber]):
    store, stub = answers
    tags = {"TagSet": [{"Key": "superseded", "Value": "true"}]}
    stub.add_response("put_object_tagging", {}, {"Bucket": "lake", "Key": "k", "Tagging": tags})
    store.expire(["k"])
    stub.assert_no_pending_responses()


def test_timeouts_end_before_a_lambda_does():
    attempts = 3  # of the standard mode
    timeouts = vars(CLIENT_CONFIG)["connect_timeout"] + vars(CLIENT_CONFIG)["read_timeout"]
    backoff = 1 + 2  # at most, before the second and the third
    assert attempts * timeouts + backoff < 120


def test_unreachable_endpoint_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(LakeUnavailable, match="cannot be written"):
        open_bucket("lake").put_new("k", b"")
