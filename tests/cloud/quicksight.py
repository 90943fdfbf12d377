"""QuickSight as far as Terraform sees it, for the endpoint has none: a server that keeps what it is
given. Definitions come back as AWS gives them, in another order and with what it adds; rights are
not asked for."""

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
KINDS = {  # by what stands in paths: the word of answers, and that of ARNs
    "analyses": ("Analysis", "analysis"),
    "dashboards": ("Dashboard", "dashboard"),
    "data-sets": ("DataSet", "dataset"),
    "data-sources": ("DataSource", "datasource"),
    "templates": ("Template", "template"),
    "vpc-connections": ("VPCConnection", "vpcConnection"),
}
THING = re.compile(r"/accounts/(\d+)/([a-z-]+)(?:/([^/]+))?(?:/([a-z-]+)(?:/([^/]+))?)?")
TAGS = re.compile(r"/resources/(.+)/tags")
THEN = 1700000000  # seconds, when everything was made
MADE = "CREATION_SUCCESSFUL"


class Missing(Exception):
    """What was asked for is not there; the message is its path."""


@dataclass
class Thing:
    """What was made: the last request to make or change it, and what belongs to it."""

    word: str
    arn: str
    given: Json
    version: int = 1
    schedules: dict[str, Json] = field(default_factory=dict)

    def told(self) -> Json:
        """The thing as Describe… tells it."""
        told = {
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
        return self.given | told


class QuickSight:
    """The server, for the block; ``url`` is where it answers."""

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
        """Raises Missing."""
        if tagged := TAGS.fullmatch(path):
            if method == "POST":
                self.tags[unquote(tagged[1])] = request["Tags"]
            return {"Tags": self.tags.get(unquote(tagged[1]), [])}
        asked = THING.fullmatch(path)
        if asked is None or asked[2] not in KINDS:
            raise Missing(path)
        account, kind, name, part, of_part = asked.groups()
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
        return {thing.word: thing.told(), "VersionArn": f"{thing.arn}/version/{thing.version}"}

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
        """What a template was given; what is made of one has its data sets in place of columns."""
        if "SourceEntity" not in thing.given:
            definition: Json = deepcopy(thing.given["Definition"])
            definition["DataSetConfigurations"].reverse()
            return definition | {"AnalysisDefaults": {"DefaultNewSheetConfiguration": {}}}
        source = thing.given["SourceEntity"]["SourceTemplate"]
        template = self.things.get(("templates", source["Arn"].rpartition("/")[2]))
        if template is None:
            return {"Sheets": []}  # a copy outlives its template
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
                status, told = 200, answer(self.command, path, json.loads(body or b"{}"))
            except Missing as missing:
                status, told = 404, {"message": f"{missing} is not there"}
            text = json.dumps(told | {"Status": status}).encode()
            self.send_response(status)
            if status == 404:
                self.send_header("X-Amzn-ErrorType", "ResourceNotFoundException")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    return Handler
