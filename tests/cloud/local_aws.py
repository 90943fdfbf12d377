"""The local AWS endpoint for tests: its process, credentials, clients and side channel."""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from tests.certificates import Authority
from tests.cloud import glue_jars
from tests.cloud.quicksight import QuickSight

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-cloud" / "bin" / "python"
ACCOUNT = "123456789012"
REGION = "eu-west-2"
GITHUB = "token.actions.githubusercontent.com"
READY_WITHIN = 120.0  # seconds, on a busy machine
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


class EndpointFailed(Exception):
    """The endpoint did not start, or its side channel refused a request."""


@dataclass(frozen=True)
class Credentials:
    """Credentials that sign requests."""

    key: str
    secret: str
    token: str | None = None

    def environment(self) -> dict[str, str]:
        """Return them as the variables that every AWS SDK reads."""
        token = {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, **token}


# The endpoint exempts these credentials from every policy: for setup only.
OMNIPOTENT = Credentials("root", "root")


class LocalAws:
    """An AWS account on a free local port, with TLS and enforced IAM policies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "endpoint.log"
        self.ca_bundle = folder / "ca.pem"
        self.url = self.plain_url = ""
        self.administrator = OMNIPOTENT
        self._quicksight = QuickSight()
        self._clients = dict[tuple[str, Credentials, str], Any]()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        authority = Authority()
        authority.write(self.ca_bundle)
        authority.server_context("localhost", self.folder)
        with _listener() as tls, _listener() as plain, self.log.open("wb") as log:
            self.url = f"https://localhost:{_port(tls)}"
            self.plain_url = f"http://localhost:{_port(plain)}"
            self._process = subprocess.Popen(
                [PYTHON, "-m", "tests.cloud.endpoint"],
                cwd=ROOT,
                env=self._own_environment(tls, plain),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[tls.fileno(), plain.fileno()],
            )
        self._wait()
        self._quicksight.__enter__()
        self.administrator = self._new_administrator()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.close()
        self._quicksight.__exit__()
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(timeout=READY_WITHIN)

    def environment(self, credentials: Credentials | None = None) -> dict[str, str]:
        """Return the variables of a process in this account, by default its administrator's."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_QUICKSIGHT": self._quicksight.url,
            "AWS_CA_BUNDLE": str(self.ca_bundle),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **(credentials or self.administrator).environment(),
        }

    def client(
        self, service: str, credentials: Credentials | None = None, url: str | None = None
    ) -> Any:
        """Return a boto3 client of this account without retries, the same one each time: tests that
        wait ask for it again and again."""
        key = service, credentials or self.administrator, url or self.url
        if key not in self._clients:
            self._clients[key] = self._new_client(*key)
        return self._clients[key]

    def _new_client(self, service: str, who: Credentials, url: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload] # any service
            endpoint_url=url,
            verify=str(self.ca_bundle),
            region_name=REGION,
            aws_access_key_id=who.key,
            aws_secret_access_key=who.secret,
            aws_session_token=who.token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def from_github(self, role: str, subject: str) -> Credentials:
        """Return credentials of a role for a workflow of GitHub Actions, with an unsigned token.

        Raises ClientError unless the role trusts the claim ``subject``, ``repo:owner/name:...``.
        """
        claims = {"iss": f"https://{GITHUB}", "aud": "sts.amazonaws.com", "sub": subject}
        token = ".".join(
            _base64(json.dumps(part)) for part in ({"alg": "none"}, claims, "unsigned")
        )
        session = self.client("sts").assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="workflow", WebIdentityToken=token
        )["Credentials"]
        return Credentials(
            session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        )

    def lab(self, path: str, **body: Any) -> Any:
        """Return the answer of the side channel."""
        request = urllib.request.Request(
            f"{self.url}/_lab/{path.lstrip('/')}", json.dumps(body).encode(), method="POST"
        )
        context = ssl.create_default_context(cafile=self.ca_bundle)
        try:
            response = urllib.request.urlopen(  # nosec B310 # the URL is the endpoint's own
                request, context=context, timeout=600
            )
            with response:
                return json.load(response)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise EndpointFailed(f"/_lab/{path}: {refusal.read().decode()}") from None

    def _own_environment(self, tls: socket.socket, plain: socket.socket) -> dict[str, str]:
        certificate = str(self.folder / "localhost.pem")
        inherited = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        temporary = self.folder / "tmp"
        temporary.mkdir()
        return {
            **inherited,
            **OMNIPOTENT.environment(),
            "AWS_CA_BUNDLE": str(self.ca_bundle),
            "PLATFORM_PYTHON": sys.executable,  # creates the image of Glue
            "GLUE_JARS": str(glue_jars.folder() or ""),
            "AUTH": "true",
            "USE_SSL": "1",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(_port(tls)),
            "TLS_SOCKET": str(tls.fileno()),
            "PLAIN_SOCKET": str(plain.fileno()),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "MINISTACK_SSL_CERT": certificate,
            "MINISTACK_SSL_KEY": certificate,
            "IOT_MTLS_ENABLED": "0",
            "TMPDIR": str(temporary),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                self.lab("health")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise EndpointFailed(f"the endpoint did not start: {self.log.read_text()}")

    def _new_administrator(self) -> Credentials:
        iam = self.client("iam")
        iam.create_user(UserName="administrator")
        iam.put_user_policy(
            UserName="administrator", PolicyName="anything", PolicyDocument=json.dumps(ANYTHING)
        )
        key = iam.create_access_key(UserName="administrator")["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])
