"""Downloads from a release site on loopback: verified, held to what was seen first, refused when anything is off."""

from __future__ import annotations

import io
import socket
import tarfile
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from hardway.sources import web as web_module
from hardway.sources.cache import Cache
from hardway.sources.checksums import ChecksumLock
from hardway.sources.faults import ChecksumChanged, NotAnswering, SourceFault, WrongChecksum
from hardway.sources.source import Item
from hardway.sources.upstream import UpstreamPrograms
from hardway.sources.web import Web
from tests.sources.conftest import Behaviour, Site, respond

KUBELET = Item("kubelet", "1.37.2")
KUBELET_URL = "https://dl.k8s.io/release/v1.37.2/bin/linux/amd64/kubelet"
ETCD_FOLDER = "https://github.com/etcd-io/etcd/releases/download/v3.6.16"
FLANNEL = Item("cni-flannel", "0.9.1")
FLANNEL_URL = "https://github.com/flannel-io/cni-plugin/releases/download/v1.9.1-flannel1/flannel-amd64"


def quiet(name: str, line: str) -> None:
    """Nobody listens."""


@pytest.fixture
def upstream(cache: Cache, site: Site, tmp_path: Path) -> UpstreamPrograms:
    return UpstreamPrograms(cache, Web(site.url), ChecksumLock(tmp_path / "checksums.lock"), "amd64")


def publish(site: Site, content: bytes, url: str = KUBELET_URL) -> None:
    site.put(url, content)
    site.put(f"{url}.sha256", sha256(content).hexdigest().encode())


def cached(source: UpstreamPrograms, item: Item) -> bytes | None:
    key = source.key(item)
    assert key is not None
    entry = source.cache.get(key)
    return source.cache.path(entry.sha256).read_bytes() if entry else None


async def test_a_program_is_fetched_and_verified(site: Site, upstream: UpstreamPrograms) -> None:
    publish(site, b"the kubelet")
    await upstream.fetch([KUBELET], quiet)
    assert cached(upstream, KUBELET) == b"the kubelet"


async def test_two_programs_of_one_archive_are_one_download(site: Site, upstream: UpstreamPrograms) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("etcd", "etcdctl", "etcdutl"):
            info = tarfile.TarInfo(f"etcd-v3.6.16-linux-amd64/{name}")
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    site.put(f"{ETCD_FOLDER}/etcd-v3.6.16-linux-amd64.tar.gz", packed.getvalue())
    digest = sha256(packed.getvalue()).hexdigest()
    site.put(f"{ETCD_FOLDER}/SHA256SUMS", f"{digest}  etcd-v3.6.16-linux-amd64.tar.gz\n".encode())
    items = [Item("etcd", "3.6.16"), Item("etcdctl", "3.6.16")]
    await upstream.fetch(items, quiet)
    assert [cached(upstream, item) for item in items] == [b"etcd", b"etcdctl"]
    assert sum(path.endswith(".tar.gz") for path in site.asked) == 1


async def test_a_wrong_file_never_enters_the_cache(site: Site, upstream: UpstreamPrograms) -> None:
    publish(site, b"the kubelet")
    site.put(KUBELET_URL, b"another kubelet")
    with pytest.raises(WrongChecksum, match="kubelet: wrong checksum"):
        await upstream.fetch([KUBELET], quiet)
    assert cached(upstream, KUBELET) is None
    assert not upstream.cache.blobs.exists()


async def test_a_release_that_changes_is_refused(site: Site, upstream: UpstreamPrograms) -> None:
    publish(site, b"the kubelet")
    await upstream.fetch([KUBELET], quiet)
    publish(site, b"a new kubelet of the same version")
    with pytest.raises(ChecksumChanged):
        await upstream.fetch([KUBELET], quiet)
    assert cached(upstream, KUBELET) == b"the kubelet"


async def test_what_has_no_published_checksum_is_held_to_its_first_sight(
    site: Site, upstream: UpstreamPrograms
) -> None:
    site.put(FLANNEL_URL, b"flannel")
    await upstream.fetch([FLANNEL], quiet)
    assert cached(upstream, FLANNEL) == b"flannel"
    site.put(FLANNEL_URL, b"flannel, changed")
    with pytest.raises(ChecksumChanged):
        await upstream.fetch([FLANNEL], quiet)


def cut(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"half")


def broken(request: BaseHTTPRequestHandler) -> None:
    respond(request, 500, b"oops")


@pytest.mark.parametrize("page", [cut, broken])
@pytest.mark.parametrize("url", [KUBELET_URL, f"{KUBELET_URL}.sha256"])
async def test_a_site_in_trouble_leaves_the_way_to_other_sources(
    site: Site, upstream: UpstreamPrograms, page: Behaviour, url: str
) -> None:
    publish(site, b"the kubelet")
    site.put(url, page)
    with pytest.raises(NotAnswering):
        await upstream.fetch([KUBELET], quiet)
    assert cached(upstream, KUBELET) is None


async def test_what_is_not_there_is_said_with_its_address(site: Site, upstream: UpstreamPrograms) -> None:
    with pytest.raises(NotAnswering, match=r"kubelet\.sha256 answers 404"):
        await upstream.fetch([KUBELET], quiet)


async def test_a_site_that_falls_silent_is_given_up(
    site: Site, upstream: UpstreamPrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_module, "SILENCE_SECONDS", 0.2)

    def hang(request: BaseHTTPRequestHandler) -> None:
        site.done.wait(20)

    site.put(f"{KUBELET_URL}.sha256", hang)
    with pytest.raises(NotAnswering):
        await upstream.fetch([KUBELET], quiet)


async def test_a_host_that_is_not_there_is_asked_once(cache: Cache, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    web = Web(f"http://127.0.0.1:{port}")
    source = UpstreamPrograms(cache, web, ChecksumLock(tmp_path / "lock"), "amd64")
    for _ in range(2):
        with pytest.raises(NotAnswering, match="does not answer"):
            await source.fetch([KUBELET], quiet)
    assert list(web.silent) == [f"127.0.0.1:{port}"]


async def test_too_large_an_answer_is_cut_off(
    site: Site, upstream: UpstreamPrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_module, "FILE_LIMIT", 1000)
    publish(site, b"x" * 2000)
    with pytest.raises(SourceFault, match="larger than"):
        await upstream.fetch([KUBELET], quiet)


@pytest.mark.parametrize(
    ("mirror", "url", "address"),
    [
        (None, "https://dl.k8s.io/a?b=c", "https://dl.k8s.io/a?b=c"),
        ("http://m:8/x/", "https://dl.k8s.io/a", "http://m:8/x/dl.k8s.io/a"),
        ("http://m", "https://ghcr.io/token?service=s", "http://m/ghcr.io/token?service=s"),
    ],
)
def test_a_mirror_has_a_folder_for_each_host(mirror: str | None, url: str, address: str) -> None:
    assert Web(mirror).address(url) == address
