"""The sources' one door to the network: fetches texts and files over HTTP(S), through a mirror where there is one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from urllib.parse import urlsplit

import httpx

from hardway.sources.faults import NotAnswering, SourceFault

CONNECT_SECONDS = 4.0
"""Until a host counts as not there: `auto` must come to a decision within seconds."""
SILENCE_SECONDS = 15.0
"""How long a host that was reached may send nothing."""
TEXT_LIMIT = 8 << 20
"""Bytes of a checksum file or manifest."""
FILE_LIMIT = 2 << 30
"""Bytes of an archive or layer."""
PROGRESS_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A short answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Web:
    """Fetches from release sites and registries; remembers which hosts do not answer."""

    mirror: str | None = None
    """A URL under which every host is mirrored in a folder of its name."""
    silent: dict[str, str] = field(default_factory=dict)
    """Hosts that did not answer, and why: they are asked once in a run."""

    def address(self, url: str) -> str:
        """Where a URL is fetched from: as it is, or under the mirror."""
        if self.mirror is None:
            return url
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.mirror.rstrip('/')}/{parts.netloc}{parts.path}{query}"

    async def text(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A short document, whatever its status. Raises NotAnswering for a host that is not reached or is broken."""
        async with self._open(url, headers) as response:
            body = b"".join([chunk async for chunk in _limited(response, url, TEXT_LIMIT)])
            return Answer(response.status_code, response.headers, body)

    async def download(
        self,
        url: str,
        target: Path,
        *,
        headers: Mapping[str, str] | None = None,
        progress: Callable[[int], None] = lambda received: None,
    ) -> str:
        """Write a file and answer its SHA-256. Raises NotAnswering also where there is no such file."""
        async with self._open(url, headers) as response:
            if response.status_code != httpx.codes.OK:
                raise NotAnswering(f"{url} answers {response.status_code}")
            return await _save(response, url, target, progress)

    @asynccontextmanager
    async def _open(self, url: str, headers: Mapping[str, str] | None) -> AsyncIterator[httpx.Response]:
        address = self.address(url)
        host = urlsplit(address).netloc
        if host in self.silent:
            raise NotAnswering(f"{host} does not answer", self.silent[host])
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        try:
            async with (
                httpx.AsyncClient(timeout=timeout, follow_redirects=True, verify=_trust()) as client,
                client.stream("GET", address, headers=dict(headers or {})) as response,
            ):
                _refuse_downgrade(response)
                if response.status_code >= 500:
                    raise NotAnswering(f"{url} answers {response.status_code}")
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as fault:
            self.silent[host] = str(fault) or type(fault).__name__
            raise NotAnswering(f"{host} does not answer", self.silent[host]) from fault
        except httpx.HTTPError as fault:
            raise NotAnswering(f"{url} broke off", str(fault) or type(fault).__name__) from fault


def _trust() -> SSLContext:
    """The bundled authorities and this computer's own, as a company's proxy may need."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _refuse_downgrade(response: httpx.Response) -> None:
    schemes = [step.url.scheme for step in (*response.history, response)]
    if "https" in schemes and "http" in schemes[schemes.index("https") :]:
        raise SourceFault(f"{response.history[0].url} leads to an address without TLS", str(response.url))


async def _limited(response: httpx.Response, url: str, limit: int) -> AsyncIterator[bytes]:
    received = 0
    # Raw: what is hashed is what the site serves, and nothing unpacks itself on the way.
    async for chunk in response.aiter_raw():
        received += len(chunk)
        if received > limit:
            raise SourceFault(f"{url} is larger than {limit >> 20} MiB")
        yield chunk


async def _save(response: httpx.Response, url: str, target: Path, progress: Callable[[int], None]) -> str:
    summed = hashlib.sha256()
    received = told = 0
    with target.open("wb") as file:
        async for chunk in _limited(response, url, FILE_LIMIT):
            file.write(chunk)
            summed.update(chunk)
            received += len(chunk)
            if received - told >= PROGRESS_BYTES:
                told = received
                progress(received)
    return summed.hexdigest()
