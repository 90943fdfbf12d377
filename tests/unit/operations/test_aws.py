"""What AWS refuses becomes an error that says what to do."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from contracts import PlatformError
from operations.aws import asking
from operations.errors import AwsRefused, NotSignedIn, NotThere


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "told by AWS"}}, "Operation")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (NoCredentialsError(), NotSignedIn, "Sign in"),
        (refusal("ExpiredTokenException"), NotSignedIn, "told by AWS.+Sign in"),
        (refusal("UnrecognizedClientException"), NotSignedIn, "Sign in"),
        (refusal("ResourceNotFoundException"), NotThere, "no queue q in eu-west-2. Check name"),
        (refusal("AWS.SimpleQueueService.NonExistentQueue"), NotThere, "no queue q"),
        (refusal("EntityNotFoundException"), NotThere, "no queue q"),
        (refusal("AccessDeniedException"), AwsRefused, "does not tell of queue q.+told by AWS"),
        (EndpointConnectionError(endpoint_url="https://x"), AwsRefused, "Could not connect"),
    ],
)
def test_error_of_aws_is_one_of_ours(error: Exception, kind: type[PlatformError], told: str):
    with pytest.raises(kind, match=told), asking("queue q", "eu-west-2"):
        raise error
