"""Images pulled from a registry on loopback."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hardway.sources import images
from hardway.sources.cache import Cache
from hardway.sources.checksums import ChecksumLock
from hardway.sources.faults import ChecksumChanged, NotAnswering, SourceFault, WrongChecksum
from hardway.sources.registry import PulledImages
from hardway.sources.source import Item
from hardway.sources.web import Web
from tests.sources.conftest import Site, respond

PAUSE = Item("image-pause", "3.10.1")
REPOSITORY = "https://registry.k8s.io/v2/pause"
TOKEN = "https://auth.registry.k8s.io/token"


def quiet(name: str, line: str) -> None:
    """Nobody listens."""


def described(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{sha256(data).hexdigest()}", "size": len(data)}


@dataclass
class Registry:
    """A registry with one image for one architecture."""

    site: Site
    layer: bytes = b"a layer"
    config: bytes = b'{"os": "linux"}'
    architecture: str = "amd64"
    token: bool = False

    @property
    def manifest(self) -> bytes:
        layer = described("application/vnd.oci.image.layer.v1.tar+gzip", self.layer)
        body = {"schemaVersion": 2, "config": described(images.CONFIG, self.config), "layers": [layer]}
        return json.dumps(body).encode()

    @property
    def index(self) -> bytes:
        platform = {"os": "linux", "architecture": self.architecture}
        entry = {**described(images.MANIFEST, self.manifest), "platform": platform}
        return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()

    def publish(self) -> None:
        self._page("manifests/3.10.1", self.index, images.INDEX)
        self._page(f"manifests/{described('', self.manifest)['digest']}", self.manifest, images.MANIFEST)
        for part in (self.layer, self.config):
            self._page(f"blobs/{described('', part)['digest']}", part, "application/octet-stream")
        self.site.put(TOKEN, b'{"token": "letmein"}')

    def _page(self, path: str, body: bytes, media_type: str) -> None:
        def page(request: BaseHTTPRequestHandler) -> None:
            if self.token and request.headers["Authorization"] != "Bearer letmein":
                challenge = f'Bearer realm="{TOKEN}",service="registry",scope="repository:pause:pull"'
                respond(request, 401, b"", WWW_Authenticate=challenge)
            else:
                respond(request, 200, body, Content_Type=media_type)

        self.site.put(f"{REPOSITORY}/{path}", page)


@pytest.fixture
def registry(site: Site) -> Registry:
    made = Registry(site)
    made.publish()
    return made


@pytest.fixture
def source(cache: Cache, site: Site, tmp_path: Path) -> PulledImages:
    return PulledImages(cache, Web(site.url), ChecksumLock(tmp_path / "checksums.lock"), "amd64")


@pytest.mark.parametrize("token", [False, True])
async def test_an_image_is_pulled_whole(registry: Registry, source: PulledImages, token: bool) -> None:
    registry.token = token
    await source.fetch([PAUSE], quiet)
    key = source.key(PAUSE)
    assert key is not None
    entry = source.cache.get(key)
    assert entry is not None
    assert entry.digest == described("", registry.manifest)["digest"]
    with tarfile.open(source.cache.path(entry.sha256)) as archive:
        index = archive.extractfile("index.json")
        assert index is not None
        (listed,) = json.load(index)["manifests"]
        names = set(archive.getnames())
    assert listed["digest"] == entry.digest
    assert listed["annotations"]["io.containerd.image.name"] == "registry.k8s.io/pause:3.10.1"
    parts = [registry.manifest, registry.layer, registry.config]
    assert {f"blobs/sha256/{sha256(part).hexdigest()}" for part in parts} <= names


async def test_an_altered_layer_is_refused(registry: Registry, source: PulledImages) -> None:
    registry._page(f"blobs/{described('', registry.layer)['digest']}", b"evil   ", "application/octet-stream")
    with pytest.raises(WrongChecksum):
        await source.fetch([PAUSE], quiet)


async def test_an_altered_manifest_is_refused(registry: Registry, source: PulledImages) -> None:
    path = f"manifests/{described('', registry.manifest)['digest']}"
    registry._page(path, registry.manifest + b" ", images.MANIFEST)
    with pytest.raises(WrongChecksum):
        await source.fetch([PAUSE], quiet)


async def test_a_tag_that_moves_is_refused(registry: Registry, source: PulledImages) -> None:
    await source.fetch([PAUSE], quiet)
    registry.layer = b"another layer"
    registry.publish()
    with pytest.raises(ChecksumChanged, match=r"registry\.k8s\.io/pause:3\.10\.1"):
        await source.fetch([PAUSE], quiet)


async def test_another_architecture_is_not_taken(registry: Registry, source: PulledImages) -> None:
    registry.architecture = "s390x"
    registry.publish()
    with pytest.raises(NotAnswering, match="no image for linux/amd64"):
        await source.fetch([PAUSE], quiet)


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "sha256:" + "0" * 63, "md5:abc", ""])
async def test_a_digest_that_is_none_never_becomes_a_path(
    registry: Registry, source: PulledImages, digest: str
) -> None:
    entry = {"mediaType": "x", "digest": digest, "size": 1}
    hostile = json.dumps({"config": entry, "layers": []}).encode()
    registry._page("manifests/3.10.1", hostile, images.MANIFEST)
    with pytest.raises(SourceFault, match="without a proper digest"):
        await source.fetch([PAUSE], quiet)


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"{"])
async def test_a_page_that_is_no_manifest(registry: Registry, source: PulledImages, answer: bytes) -> None:
    registry._page("manifests/3.10.1", answer, images.INDEX)
    with pytest.raises(SourceFault):
        await source.fetch([PAUSE], quiet)


def test_our_own_test_image_is_in_no_registry(source: PulledImages) -> None:
    assert source.key(Item("image-probe", "2")) is None
