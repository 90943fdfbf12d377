"""A WebHDFS gateway to S3 for Spark, with the credentials of one job.

The S3 client of Spark is not a Python package, so machines without Glue do not have it; the WebHDFS
client is part of Hadoop. Each request becomes requests to S3, which policies allow or refuse.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import UnsupportedOperation
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import ClientError

from tests.cloud.s3_files import MISSING, Files

PREFIX = "/webhdfs/v1/"
IN_MEMORY = 16 * 1024 * 1024  # bytes of a file that is being written
NO_BLOCKS = {
    "fileLength": 0,
    "isLastBlockComplete": True,
    "isUnderConstruction": False,
    "locatedBlocks": [],
}

Answer = dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    """A request of the Hadoop client."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet; otherwise each answer takes 40 ms
    disable_nagle_algorithm = True
    server: "Gateway"

    def do_GET(self) -> None:
        """Read a file or a status."""
        self._answer({"OPEN": self._open})

    def do_PUT(self) -> None:
        """Write a file or rename."""
        self._answer({"CREATE": self._create})

    def do_DELETE(self) -> None:
        """Delete a file."""
        self._answer({})

    def log_message(self, *_: object) -> None:
        """Log nothing: standard error is the log of the job."""

    def _answer(self, streams: dict[str, Callable[[], None]]) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.file = unquote(parts.path).removeprefix(PREFIX).strip("/")
        operation = self.query["op"].upper()
        try:
            if operation in streams:
                streams[operation]()
            else:
                self._send(200, self._result(operation))
        except FileNotFoundError as missing:
            self._refuse(404, "java.io.FileNotFoundException", str(missing))
        except UnsupportedOperation as unknown:
            self._refuse(400, "java.lang.UnsupportedOperationException", str(unknown))
        except ClientError as error:
            self._refuse(*_as_java(error, self.file))

    def _result(self, operation: str) -> Answer:
        files = self.server.files
        match operation:
            case "GETFILESTATUS":
                return {"FileStatus": files.status(self.file)}
            case "LISTSTATUS":
                return {"FileStatuses": {"FileStatus": files.children(self.file)}}
            case "GET_BLOCK_LOCATIONS":
                return {"LocatedBlocks": NO_BLOCKS}
            case "RENAME":
                target = self.query["destination"].strip("/")
                return {"boolean": files.rename(self.file, target)}
            case "DELETE":
                return {"boolean": files.delete(self.file)}
            case "GETHOMEDIRECTORY":
                return {"Path": "/"}
            case "MKDIRS":
                return {"boolean": True}
        raise UnsupportedOperation(f"{operation} is not supported")

    def _open(self) -> None:
        length = int(self.query["length"]) if "length" in self.query else None
        body, size = self.server.files.open(self.file, int(self.query.get("offset", 0)), length)
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        try:
            shutil.copyfileobj(body, self.wfile)
        except ConnectionError:  # the client closed the connection
            self.close_connection = True

    def _create(self) -> None:
        if "data" not in self.query:  # the client sends the bytes to the Location
            self.send_response(307)
            self.send_header("Location", f"http://{self.headers['Host']}{self.path}&data=true")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with SpooledTemporaryFile(IN_MEMORY) as body:
            self._receive(body)
            body.seek(0)
            self.server.files.create(self.file, body)
        self._send(201, None)

    def _receive(self, body: IO[bytes]) -> None:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            body.write(self.rfile.read(int(self.headers["Content-Length"])))
            return
        while size := int(self.rfile.readline(), 16):
            body.write(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()

    def _refuse(self, status: int, exception: str, message: str) -> None:
        name = exception.rpartition(".")[2]
        error = {"exception": name, "javaClassName": exception, "message": message}
        self._send(status, {"RemoteException": error})

    def _send(self, status: int, answer: Answer | None) -> None:
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Gateway(ThreadingHTTPServer):
    """Server of the files that a client of S3 may read."""

    daemon_threads = True

    def __init__(self, s3: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = Files(s3)


@contextmanager
def serving(s3: Any) -> Iterator[str]:
    """Serve a gateway with the permissions of the client ``s3``; yield its address."""
    with Gateway(s3) as gateway:
        thread = threading.Thread(target=gateway.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"webhdfs://127.0.0.1:{gateway.server_port}"
        finally:
            gateway.shutdown()
            thread.join()


def _as_java(error: ClientError, path: str) -> tuple[int, str, str]:
    code = error.response["Error"]["Code"]
    message = f"s3://{path}: {error}"
    if code in MISSING:
        return 404, "java.io.FileNotFoundException", message
    if code in {"403", "AccessDenied"}:
        return 403, "org.apache.hadoop.security.AccessControlException", message
    return 500, "java.io.IOException", message
