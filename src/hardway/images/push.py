"""Pushes an image to a registry over HTTPS (OCI Distribution Specification, "Push"). Touches that registry only.

What the registry has already is not sent again; a manifest comes last, so that a tag never leads to what is not there.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urljoin

import httpx

from hardway.images.contents import part
from hardway.images.faults import ImageFault
from hardway.images.names import Reference
from hardway.images.shelf import Kept
from hardway.sources.images import MANIFEST, Descriptor, canonical

CHUNK: Final = 1 << 20
WITHIN: Final = 30.0
"""Seconds without a byte."""
STANDS_FOR: Final = "hardway.internal/stands-for"
"""The annotation of a manifest that is there under a tag of another image."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Where to push to."""

    url: str
    authorities: bytes | None = None
    """Whom to trust, PEM; None for those that this computer trusts."""
    socket: Path | None = None
    """The unix socket through which it is reached, where it is not reached directly."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A tag that is in the registry now."""

    reference: Reference
    digest: str


@asynccontextmanager
async def opened(registry: Registry) -> AsyncIterator[Pusher]:
    """Raises ImageFault for what it answers wrongly, and when it does not answer."""
    context = ssl.create_default_context(cadata=registry.authorities.decode() if registry.authorities else None)
    transport = httpx.AsyncHTTPTransport(
        verify=context, uds=str(registry.socket) if registry.socket else None, retries=1
    )
    try:
        async with httpx.AsyncClient(base_url=registry.url, transport=transport, timeout=WITHIN) as client:
            yield Pusher(client)
    except httpx.HTTPError as fault:
        raise ImageFault(
            f"the registry {registry.url} does not answer", repr(fault), "`hardway verify` shows whether it works."
        ) from fault


class Pusher:
    """A registry that is open."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def push(
        self, kept: Kept, repository: str, wanted: Reference | None, tell: Callable[[str], None]
    ) -> list[Pushed]:
        """The image under all its own tags in `repository`, and under that of `wanted`, for which it only stands.

        Raises ImageFault.
        """
        for descriptor in kept.contents.parts:
            await self._blob(kept, repository, descriptor, tell)
        plain = dict(kept.contents.manifest)
        done = [await self._manifest(Reference(repository, tag), plain) for tag in kept.contents.tags]
        if wanted is not None:
            marked = {**plain, "annotations": {STANDS_FOR: wanted.familiar}}
            done.append(await self._manifest(Reference(repository, wanted.tag), marked))
        return done

    async def _blob(self, kept: Kept, repository: str, descriptor: Descriptor, tell: Callable[[str], None]) -> None:
        there = await self._client.head(f"/v2/{repository}/blobs/{descriptor.digest}")
        if there.status_code == httpx.codes.OK:
            return
        tell(f"{descriptor.size >> 10} KiB {descriptor.digest[:19]}")
        begun = await self._client.post(f"/v2/{repository}/blobs/uploads/")
        _require(begun, httpx.codes.ACCEPTED, repository)
        place = httpx.URL(urljoin(str(begun.url), begun.headers["Location"]))
        with part(kept.archive, descriptor) as stream:
            sent = await self._client.put(
                place.copy_merge_params({"digest": descriptor.digest}),
                content=_chunks(stream),
                headers={"Content-Type": "application/octet-stream", "Content-Length": str(descriptor.size)},
            )
        _require(sent, httpx.codes.CREATED, repository)

    async def _manifest(self, reference: Reference, manifest: dict[str, Any]) -> Pushed:
        answer = await self._client.put(
            f"/v2/{reference.repository}/manifests/{reference.tag}",
            content=canonical(manifest),
            headers={"Content-Type": MANIFEST},
        )
        _require(answer, httpx.codes.CREATED, str(reference))
        return Pushed(reference, answer.headers["Docker-Content-Digest"])


async def _chunks(stream: IO[bytes]) -> AsyncIterator[bytes]:
    while data := stream.read(CHUNK):
        yield data


def _require(answer: httpx.Response, status: int, what: str) -> None:
    if answer.status_code == status:
        return
    advice = ""
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        advice = "A registry that asks for credentials is not supported: push there with its own tools."
    raise ImageFault(f"the registry refused {what}: status {answer.status_code}", answer.text[:500], advice)
