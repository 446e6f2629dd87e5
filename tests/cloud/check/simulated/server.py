"""The HTTP server: routes by method and path, objects in memory, faults on demand."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    found: Mapping[str, str]
    """What the route's pattern found."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: Any = None
    """Bytes as they are; all else as JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Answer]


class Simulated:
    """A server with routes that are added to it."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.faults: dict[tuple[str, str], Answer] = {}
        """By method and a part of the path: answered in place of the route."""
        self.come_to: dict[str, dict[str, Any]] = {}
        """By collection: what its objects come to, in place of what they should."""
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self.objects: dict[str, dict[str, dict[str, Any]]] = {}
        """Everything that was made, by its collection and id."""

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        self._routes.append((method, re.compile(pattern), handler))

    def first(self, method: str, pattern: str, handler: Handler) -> None:
        """In place of a route that is there."""
        self._routes.insert(0, (method, re.compile(pattern), handler))

    def add(self, collection: str, **values: Any) -> dict[str, Any]:
        made = {"id": str(uuid.uuid4()), **values}
        self.objects.setdefault(collection, {})[made["id"]] = made
        return made

    def left(self) -> dict[str, list[Any]]:
        """What is there, by collection, without those that are empty."""
        return {name: [one.get("name") for one in those.values()] for name, those in self.objects.items() if those}

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = target.partition("?")
        self.requests.append((method, path))
        for (of, part), fault in list(self.faults.items()):
            if of == method and part in path:
                return fault
        for of, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if of == method and found:
                return handler(Request(method, path, query, headers, body, found.groupdict()))
        return Answer(404, {"error": {"code": 404, "message": f"no {method} {path} here"}})

    @contextmanager
    def serving(self) -> Iterator[None]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(simulated: Simulated) -> type[BaseHTTPRequestHandler]:
    class One(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = simulated.answer(self.command, self.path, dict(self.headers.items()), body)
            content, kind = _content(answer.body)
            self.send_response(answer.status)
            for name, value in {"Content-Type": kind, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the tests' output."""

    return One


def _content(body: Any) -> tuple[bytes, str]:
    if body is None:
        return b"", "application/json"
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/html; charset=utf-8"
    return json.dumps(body).encode(), "application/json"


@dataclass(frozen=True)
class Collection:
    """Objects that are made, come to rest, and are deleted: what most of OpenStack's APIs have in common."""

    simulated: Simulated
    path: str
    """Under the server's root; a pattern."""
    plural: str
    singular: str
    begun: Mapping[str, Any] = field(default_factory=dict)
    """What a new object says of itself until it was asked for once."""
    rested: Mapping[str, Any] = field(default_factory=dict)
    """And what from then on."""
    wrapped: bool = True
    """Whether requests and answers hold the object under its singular."""

    def __post_init__(self) -> None:
        one = rf"{self.path}/(?P<id>[^/]+)"
        for method, pattern, handler in (
            ("POST", self.path, self.make),
            ("GET", rf"{self.path}(/detail)?", self.all),
            ("GET", one, self.get),
            ("DELETE", one, self.delete),
        ):
            self.simulated.route(method, pattern, handler)

    @property
    def those(self) -> dict[str, dict[str, Any]]:
        return self.simulated.objects.setdefault(self.plural, {})

    def make(self, request: Request) -> Answer:
        values = request.json[self.singular] if self.wrapped else request.json
        made = self.simulated.add(self.plural, **{**values, **self.begun})
        made.setdefault("uuid", made["id"])
        return Answer(202, self._shown(made))

    def all(self, request: Request) -> Answer:
        return Answer(200, {self.plural: list(self.those.values())})

    def get(self, request: Request) -> Answer:
        one = self.those.get(request.found["id"])
        if one is None:
            return self._absent(request)
        shown = dict(one)
        if all(one.get(name) == value for name, value in self.begun.items()):
            one.update({**self.rested, **self.simulated.come_to.get(self.plural, {})})
        return Answer(200, self._shown(shown))

    def delete(self, request: Request) -> Answer:
        if self.those.pop(request.found["id"], None) is None:
            return self._absent(request)
        return Answer(204)

    def _absent(self, request: Request) -> Answer:
        return Answer(404, {"itemNotFound": {"code": 404, "message": f"no such {self.singular}"}})

    def _shown(self, one: Mapping[str, Any]) -> Any:
        return {self.singular: one} if self.wrapped else one
