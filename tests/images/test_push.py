"""Pushing, to the real registry configured as on machines: what arrives, what is sent again, what is refused."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from hardway.catalog.releases import release
from hardway.components.image_registry import DATA, PKI
from hardway.images import shelf
from hardway.images.faults import ImageFault
from hardway.images.names import Reference
from hardway.images.push import STANDS_FOR, Registry, opened
from hardway.images.shelf import Kept
from hardway.pki.names import REGISTRY, REGISTRY_CA
from hardway.resources.host import File
from hardway.sources.cache import Cache
from hardway.sources.images import MANIFEST
from hardway.sources.store import Store
from hardway.spec.model import Cluster
from tests.components.conftest import resources_of
from tests.images.test_operations import keep
from tests.pki.vault_in_memory import make_pki

pytestmark = [pytest.mark.build, pytest.mark.timeout(600)]

CLUSTER = Cluster.model_validate({"name": "c", "registry": {"kind": "lab"}})
REPOSITORY = "docker.io/library/nginx"


@dataclass(frozen=True)
class Running:
    """Both processes of a registry on free loopback ports."""

    reads: str
    writes: str
    authorities: bytes

    @property
    def registry(self) -> Registry:
        return Registry(self.writes, self.authorities)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def configuration(name: str, folder: Path, port: int) -> Path:
    """What a machine gets, at other places."""
    path = f"/etc/hardway/{name}.yaml"
    (file,) = [one for one in resources_of(CLUSTER) if isinstance(one, File) and one.path == path]
    text = "".join(part for part in file.content.parts if isinstance(part, str))
    said = yaml.safe_load(text.replace(DATA, str(folder / "data")).replace(PKI, str(folder)))
    said["http"]["addr"] = f"127.0.0.1:{port}"
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(said))
    return folder / f"{name}.yaml"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("registry")
    pki = make_pki(CLUSTER)
    machine = "hardway-lb-0"
    (folder / f"{REGISTRY}.pem").write_bytes(pki.certificates[f"{REGISTRY}.{machine}"])
    (folder / f"{REGISTRY}-key.pem").write_bytes(pki.keys[f"{REGISTRY}.{machine}"])
    program = Store().ensure(["registry"], release(CLUSTER.kubernetes.version))["registry"]
    ports = {name: free_port() for name in ("registry", "registry-writes")}
    processes = [
        subprocess.Popen(
            (program, "serve", configuration(name, folder, port)),
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
            stderr=subprocess.DEVNULL,
        )
        for name, port in ports.items()
    ]
    try:
        for port in ports.values():
            wait_for(port)
        urls = [f"https://127.0.0.1:{port}" for port in ports.values()]
        yield Running(urls[0], urls[1], pki.certificates[REGISTRY_CA])
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for(port: int) -> None:
    """Raises AssertionError where nothing listens within ten seconds."""
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on port {port}")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    cache = Cache(tmp_path / "cache")
    keep(cache)
    (one,) = shelf.kept(cache)
    return one


async def pushed(running: Running, kept: Kept, wanted: Reference | None = None) -> tuple[list[Reference], list[str]]:
    """What is there afterwards, and what was told of what was sent."""
    told: list[str] = []
    async with opened(running.registry) as pusher:
        done = await pusher.push(kept, REPOSITORY, wanted, told.append)
    return [one.reference for one in done], told


def get(running: Running, path: str) -> httpx.Response:
    context = httpx.create_ssl_context()
    context.load_verify_locations(cadata=running.authorities.decode())
    with httpx.Client(verify=context) as client:
        return client.get(f"{running.reads}/v2/{path}", headers={"Accept": MANIFEST})


async def test_every_tag_leads_to_the_image_and_a_part_is_sent_once(running: Running, kept: Kept) -> None:
    references, told = await pushed(running, kept)
    assert [one.tag for one in references] == list(kept.contents.tags)
    assert len(told) == 2, "the configuration and the layer"
    for tag in kept.contents.tags:
        answer = get(running, f"{REPOSITORY}/manifests/{tag}")
        assert answer.headers["Docker-Content-Digest"] == kept.contents.digest
        assert answer.json() == kept.contents.manifest
    assert get(running, f"{REPOSITORY}/blobs/{kept.contents.parts[1].digest}").content == b"layer"
    assert (await pushed(running, kept))[1] == []


async def test_a_substitute_is_marked_as_one(running: Running, kept: Kept) -> None:
    references, _ = await pushed(running, kept, Reference(REPOSITORY, "1.15-alpine"))
    assert references[-1].tag == "1.15-alpine"
    manifest = get(running, f"{REPOSITORY}/manifests/1.15-alpine").json()
    assert manifest["annotations"] == {STANDS_FOR: "nginx:1.15-alpine"}
    assert manifest["layers"] == kept.contents.manifest["layers"]


async def test_the_process_that_others_reach_takes_nothing(running: Running, kept: Kept) -> None:
    with pytest.raises(ImageFault, match=r"refused docker\.io/library/other: status 405"):
        async with opened(Registry(running.reads, running.authorities)) as pusher:
            await pusher.push(kept, "docker.io/library/other", None, print)


async def test_a_registry_that_is_not_there_or_not_ours_is_told(running: Running, kept: Kept) -> None:
    for strange in (Registry(running.writes), Registry(f"https://127.0.0.1:{free_port()}", running.authorities)):
        with pytest.raises(ImageFault, match="does not answer"):
            async with opened(strange) as pusher:
                await pusher.push(kept, REPOSITORY, None, print)
