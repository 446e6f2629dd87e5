"""A release site and registry on loopback, reached as the mirror of all hosts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hardway.sources.cache import Cache

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """Answers by path: bytes are a good answer, a function does what it likes."""

    url: str
    pages: dict[str, bytes | Behaviour]
    asked: list[str]
    done: threading.Event = field(default_factory=threading.Event)
    """Set at the end of a test: what hangs must let go."""

    def put(self, url: str, page: bytes | Behaviour) -> None:
        """What an https URL answers, under the mirror."""
        self.pages[url.removeprefix("https:/")] = page


def respond(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    pages: dict[str, bytes | Behaviour] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            page = pages.get(self.path.split("?")[0])
            if page is None:
                respond(self, 404, b"no such page")
            elif isinstance(page, bytes):
                respond(self, 200, page)
            else:
                page(self)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(f"http://127.0.0.1:{server.server_port}", pages, asked)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.done.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")
