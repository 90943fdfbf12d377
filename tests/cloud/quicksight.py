"""A server for the QuickSight API that Terraform uses, which ministack does not implement.

It stores requests. Definitions are returned as on AWS, in another order and with additions.
Permissions are not checked.
"""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import unquote

Json = dict[str, Any]
KINDS = {  # by path: the word in answers, and the word in ARNs
    "analyses": ("Analysis", "analysis"),
    "dashboards": ("Dashboard", "dashboard"),
    "data-sets": ("DataSet", "dataset"),
    "data-sources": ("DataSource", "datasource"),
    "templates": ("Template", "template"),
    "vpc-connections": ("VPCConnection", "vpcConnection"),
}
THING = re.compile(r"/accounts/(\d+)/([a-z-]+)(?:/([^/]+))?(?:/([a-z-]+)(?:/([^/]+))?)?")
TAGS = re.compile(r"/resources/(.+)/tags")
THEN = 1700000000  # seconds, creation time of all resources
MADE = "CREATION_SUCCESSFUL"


class Missing(Exception):
    """A resource does not exist; the message is its path."""


@dataclass
class Thing:
    """A resource: the last request that created or changed it, and its refresh schedules."""

    word: str
    arn: str
    given: Json
    version: int = 1
    schedules: dict[str, Json] = field(default_factory=dict)

    def described(self) -> Json:
        """Return the answer of Describe…."""
        added = {
            f"{self.word}Id": self.arn.rpartition("/")[2],
            "Arn": self.arn,
            "CreatedTime": THEN,
            "LastUpdatedTime": THEN,
            "Status": MADE,
            "AvailabilityStatus": "AVAILABLE",
            "SecretArn": self.given.get("Credentials", {}).get("SecretArn"),
            "NetworkInterfaces": [{"SubnetId": id_} for id_ in self.given.get("SubnetIds", ())],
            "Version": {
                "VersionNumber": self.version,
                "Status": MADE,
                "Description": self.given.get("VersionDescription"),
            },
        }
        return self.given | added


class QuickSight:
    """The server, as a context manager; ``url`` is its address."""

    def __init__(self) -> None:
        self.things: dict[tuple[str, str], Thing] = {}
        self.tags: dict[str, list[Json]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.answer))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, request: Json) -> Json:
        """Return the answer to a request. Raises Missing."""
        if tagged := TAGS.fullmatch(path):
            if method == "POST":
                self.tags[unquote(tagged[1])] = request["Tags"]
            return {"Tags": self.tags.get(unquote(tagged[1]), [])}
        named = THING.fullmatch(path)
        if named is None or named[2] not in KINDS:
            raise Missing(path)
        account, kind, name, part, of_part = named.groups()
        if method == "POST" and part is None:
            return self._made(kind, account, name or request[f"{KINDS[kind][0]}Id"], request)
        thing = self.things.get((kind, name))
        if thing is None:
            raise Missing(path)
        if part is not None:
            return self._part(thing, method, part, of_part, request)
        if method == "DELETE":
            del self.things[kind, name]
        if method == "PUT":
            thing.given = thing.given | request
            thing.version += 1
        return {thing.word: thing.described(), "VersionArn": f"{thing.arn}/version/{thing.version}"}

    def _made(self, kind: str, account: str, name: str, request: Json) -> Json:
        word, of_arn = KINDS[kind]
        arn = f"arn:aws:quicksight:eu-west-2:{account}:{of_arn}/{name}"
        self.things[kind, name] = Thing(word, arn, request)
        self.tags[arn] = request.pop("Tags", [])
        return {f"{word}Id": name, "Arn": arn, "CreationStatus": MADE}

    def _part(self, thing: Thing, method: str, part: str, name: str | None, request: Json) -> Json:
        if part == "permissions":
            return {"Permissions": thing.given.get("Permissions", [])}
        if part == "definition":
            return {"Definition": self._definition(thing)}
        if part == "versions":
            return {}
        if part != "refresh-schedules":
            raise Missing(part)
        if method == "POST":
            schedule = request["Schedule"] | {"StartAfterDateTime": THEN}
            thing.schedules[schedule["ScheduleId"]] = schedule
            return {"Arn": f"{thing.arn}/refresh-schedule/{schedule['ScheduleId']}"}
        if name not in thing.schedules:
            raise Missing(part)
        if method == "DELETE":
            return {"ScheduleId": thing.schedules.pop(name)["ScheduleId"]}
        arn = f"{thing.arn}/refresh-schedule/{name}"
        return {"RefreshSchedule": thing.schedules[name], "Arn": arn}

    def _definition(self, thing: Thing) -> Json:
        """Return the definition of a template, or of a copy with data sets instead of columns."""
        if "SourceEntity" not in thing.given:
            definition: Json = deepcopy(thing.given["Definition"])
            definition["DataSetConfigurations"].reverse()
            return definition | {"AnalysisDefaults": {"DefaultNewSheetConfiguration": {}}}
        source = thing.given["SourceEntity"]["SourceTemplate"]
        template = self.things.get(("templates", source["Arn"].rpartition("/")[2]))
        if template is None:
            return {"Sheets": []}  # a copy may outlive its template
        return {
            "Sheets": template.given["Definition"]["Sheets"],
            "DataSetIdentifierDeclarations": [
                {"Identifier": one["DataSetPlaceholder"], "DataSetArn": one["DataSetArn"]}
                for one in reversed(source["DataSetReferences"])
            ],
        }


def _handler(answer: Callable[[str, str, Json], Json]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            try:
                status, document = 200, answer(self.command, path, json.loads(body or b"{}"))
            except Missing as missing:
                status, document = 404, {"message": f"{missing} does not exist"}
            text = json.dumps(document | {"Status": status}).encode()
            self.send_response(status)
            if status == 404:
                self.send_header("X-Amzn-ErrorType", "ResourceNotFoundException")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - names of the library

        def log_message(self, *_: object) -> None:
            pass

    return Handler
