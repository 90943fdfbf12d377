"""Errors of AWS become typed errors that name the remedy."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from contracts import PlatformError
from operations.aws import requesting
from operations.errors import AwsRefused, NotSignedIn, NotThere


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "reason of AWS"}}, "Operation")


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (NoCredentialsError(), NotSignedIn, "sign in"),
        (refusal("ExpiredTokenException"), NotSignedIn, "reason of AWS.+sign in"),
        (refusal("UnrecognizedClientException"), NotSignedIn, "sign in"),
        (
            refusal("ResourceNotFoundException"),
            NotThere,
            "no queue q in eu-west-2. To fix: check name",
        ),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), NotThere, "no queue q"),
        (refusal("EntityNotFoundException"), NotThere, "no queue q"),
        (refusal("AccessDeniedException"), AwsRefused, "refused queue q.+reason of AWS"),
        (EndpointConnectionError(endpoint_url="https://x"), AwsRefused, "Could not connect"),
    ],
)
def test_error_of_aws_becomes_a_typed_error(
    error: Exception, kind: type[PlatformError], message: str
):
    with pytest.raises(kind, match=message), requesting("queue q", "eu-west-2"):
        raise error
