"""WebHDFS in front of S3: what Spark needs of a file system, under the credentials of one job.

Spark's own client for S3 is no Python package, so that machines without Glue have none; the client
for WebHDFS is part of Hadoop. Each call becomes calls of S3, which policies allow or refuse.
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
    """One request of Hadoop's client."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet, or each answer takes 40 ms
    disable_nagle_algorithm = True
    server: "Gateway"

    def do_GET(self) -> None:
        """Read."""
        self._answer({"OPEN": self._open})

    def do_PUT(self) -> None:
        """Write."""
        self._answer({"CREATE": self._create})

    def do_DELETE(self) -> None:
        """Delete."""
        self._answer({})

    def log_message(self, *_: object) -> None:
        """Say nothing: the log of the job is not for this."""

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
        raise UnsupportedOperation(f"no {operation} here")

    def _open(self) -> None:
        length = int(self.query["length"]) if "length" in self.query else None
        body, size = self.server.files.open(self.file, int(self.query.get("offset", 0)), length)
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        try:
            shutil.copyfileobj(body, self.wfile)
        except ConnectionError:  # it has read enough
            self.close_connection = True

    def _create(self) -> None:
        if "data" not in self.query:  # the client sends the bytes to where it is told to
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
    """Serves the files that a client of S3 may see."""

    daemon_threads = True

    def __init__(self, s3: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = Files(s3)


@contextmanager
def serving(s3: Any) -> Iterator[str]:
    """The address of a gateway to all that the client ``s3`` may do, for the block."""
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
