"""Images pulled from a registry (OCI Distribution Specification) into an OCI archive, each part verified by digest."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from hardway.catalog.programs import IMAGES
from hardway.sources import images
from hardway.sources.cache import Cache, Key
from hardway.sources.checksums import ChecksumLock
from hardway.sources.faults import NotAnswering, SourceFault, WrongChecksum
from hardway.sources.images import Descriptor, Part
from hardway.sources.source import Item, Report
from hardway.sources.web import Answer, Web

_INDEXES = (images.INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = (images.MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class PulledImages:
    """The source `upstream` for images."""

    cache: Cache
    web: Web
    lock: ChecksumLock
    architecture: str
    kind: str = "upstream"

    def key(self, item: Item) -> Key | None:
        recipe = IMAGES.get(item.name)
        if recipe is None or not recipe.pulled:
            return None
        return Key(item.name, item.version, self.architecture, self.kind)

    async def fetch(self, items: Sequence[Item], report: Report) -> None:
        for item in items:
            key = self.key(item)
            if key is None:
                raise NotAnswering(f"no registry has {item.name}")
            await self._pull(item, key, report)

    async def _pull(self, item: Item, key: Key, report: Report) -> None:
        reference = IMAGES[item.name].reference(item.version)
        report(item.name, f"pulling {reference}")
        pull = Pull(self.web, reference, self.architecture, lambda line: report(item.name, line))
        with self.cache.workspace() as work:
            tag = await pull.tag()
            self.lock.hold(reference, tag.descriptor.digest)
            manifest = await pull.manifest(tag)
            parts = await pull.parts(manifest, work)
            archive = work / "image.tar"
            await asyncio.to_thread(images.write_archive, archive, reference, self.architecture, manifest, parts)
            self.cache.put(key, archive, executable=False, digest=manifest.descriptor.digest)


class Pull:
    """One image's way from its registry."""

    def __init__(self, web: Web, reference: str, architecture: str, tell: Callable[[str], None]) -> None:
        self._web = web
        self._host, rest = reference.split("/", 1)
        self._repository, self._tag = rest.rsplit(":", 1)
        self._architecture = architecture
        self._tell = tell
        self._token: dict[str, str] = {}

    async def tag(self) -> Part:
        """What the tag stands for now: an index of platforms, or a manifest."""
        return _document(await self._get(f"manifests/{self._tag}"))

    async def manifest(self, top: Part) -> Part:
        """The manifest for our architecture."""
        if top.descriptor.media_type in _MANIFESTS:
            return top
        listed: Sequence[Mapping[str, Any]] = _parsed(top).get("manifests", [])
        for entry in listed:
            platform = entry.get("platform", {})
            if (platform.get("os"), platform.get("architecture")) == ("linux", self._architecture):
                wanted = _descriptor(entry)
                found = _document(await self._get(f"manifests/{wanted.digest}"))
                _require(wanted, found.descriptor)
                return found
        raise NotAnswering(f"{self._repository}:{self._tag} has no image for linux/{self._architecture}")

    async def parts(self, manifest: Part, work: Path) -> list[Part]:
        """The configuration and the layers, each verified, in files."""
        body = _parsed(manifest)
        listed = [body.get("config"), *body.get("layers", [])]
        return [await self._part(_descriptor(entry), work) for entry in listed]

    async def _part(self, wanted: Descriptor, work: Path) -> Part:
        target = work / wanted.sha256
        self._tell(f"{wanted.size >> 10} KiB {wanted.digest[:19]}")
        got = await self._web.download(self._url(f"blobs/{wanted.digest}"), target, headers=self._token)
        _require(wanted, Descriptor(wanted.media_type, got, target.stat().st_size))
        return Part(wanted, target)

    def _url(self, path: str) -> str:
        return f"https://{self._host}/v2/{self._repository}/{path}"

    async def _get(self, path: str) -> Answer:
        headers = {"Accept": ", ".join((*_INDEXES, *_MANIFESTS))}
        answer = await self._web.text(self._url(path), {**headers, **self._token})
        if answer.status == 401 and not self._token:
            self._token = await self._authorize(answer)
            answer = await self._web.text(self._url(path), {**headers, **self._token})
        if answer.status != 200:
            raise NotAnswering(f"{self._url(path)} answers {answer.status}")
        return answer

    async def _authorize(self, refused: Answer) -> dict[str, str]:
        """An anonymous token, as the registry's challenge says (distribution spec, token authentication)."""
        challenge = dict(_CHALLENGE.findall(refused.headers.get("WWW-Authenticate", "")))
        realm = challenge.pop("realm", "")
        if urlsplit(realm).scheme != "https":
            raise NotAnswering(f"{self._host} asks for credentials in a way that is not known", realm[:200])
        asked = {"scope": f"repository:{self._repository}:pull", **challenge}
        answer = await self._web.text(f"{realm}?{urlencode(asked)}")
        if answer.status != 200:
            raise NotAnswering(f"{realm} answers {answer.status}")
        granted = _json(answer.body, realm)
        token = granted.get("token") or granted.get("access_token")
        return {"Authorization": f"Bearer {token}"} if isinstance(token, str) else {}


def _document(answer: Answer) -> Part:
    media_type = answer.headers.get("Content-Type", "").split(";")[0]
    if media_type not in (*_INDEXES, *_MANIFESTS):
        raise NotAnswering(f"the registry answers with {media_type or 'nothing'} where a manifest was asked for")
    return Part(Descriptor(media_type, sha256(answer.body).hexdigest(), len(answer.body)), answer.body)


def _parsed(part: Part) -> dict[str, Any]:
    assert isinstance(part.content, bytes)
    return _json(part.content, part.descriptor.digest)


def _json(content: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as fault:
        raise SourceFault(f"{where} is no JSON", str(fault)) from fault
    if not isinstance(value, dict):
        raise SourceFault(f"{where} is no JSON object")
    return value


def _descriptor(entry: object) -> Descriptor:
    """A descriptor from a stranger's manifest: its digest becomes a file's name, so it must be one."""
    match entry:
        case {"mediaType": str(media_type), "digest": str(digest), "size": int(size)} if _DIGEST.fullmatch(digest):
            return Descriptor(media_type, digest.removeprefix("sha256:"), size)
    raise SourceFault("the registry's manifest names a part without a proper digest", str(entry)[:200])


def _require(wanted: Descriptor, got: Descriptor) -> None:
    if (wanted.sha256, wanted.size) != (got.sha256, got.size):
        raise WrongChecksum(
            f"a part of the image is not what its manifest says: {wanted.digest}",
            f"got sha256:{got.sha256}, {got.size} bytes instead of {wanted.size}",
            "It was altered or cut on its way: try again, and look at proxies and mirrors.",
        )
