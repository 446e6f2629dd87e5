"""The images of a cache: listed, removed, told as outdated; pushing where there is no registry is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hardway.images import catalogue, shelf
from hardway.images.build import config_of, key_of, labels_of
from hardway.images.contents import contents, part
from hardway.images.faults import ImageFault
from hardway.images.operations import Images
from hardway.images.way import require_registry, way
from hardway.sources.cache import Cache
from hardway.sources.images import CONFIG, LAYER, MANIFEST, canonical, literal, manifest_of, write_archive
from hardway.spec.model import Cluster

VERSIONS = {"nginx": "1.26.3-3", "libc6": "2.41-12"}


def keep(cache: Cache, *, digest: str | None = None) -> None:
    """An nginx image with an empty layer."""
    described = catalogue.description("nginx")
    layer = literal(LAYER, b"layer")
    config = literal(
        CONFIG, canonical(config_of(described.said, "amd64", layer.descriptor, labels_of(described, VERSIONS)))
    )
    manifest = literal(MANIFEST, canonical(manifest_of(config.descriptor, [layer.descriptor])))
    key = key_of(described, "amd64")
    with cache.workspace() as work:
        write_archive(work / "a", "docker.io/library/nginx:1.26.3", "amd64", manifest, [config, layer])
        known = shelf.key("nginx", digest or described.digest, "amd64", key.origin)
        cache.put(known, work / "a", executable=False, digest=manifest.descriptor.digest)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_the_catalogue_is_listed_where_nothing_is_built(cache: Cache) -> None:
    listed = Images(cache, "amd64").listed()
    assert [one.name for one in listed] == sorted(catalogue.description(name).name for name in catalogue.names())
    assert {one.state for one in listed} == {"not built"}


def test_an_image_says_what_it_is_made_of(cache: Cache) -> None:
    keep(cache)
    (built,) = [one for one in Images(cache, "amd64").listed() if one.state == "built"]
    assert (built.name, built.version, built.origin) == ("nginx", "1.26.3", "Debian trixie")
    assert built.tags == ("1.26.3", "1.26", "1", "latest", "stable")
    assert built.packages == ("nginx=1.26.3-3", "libc6=2.41-12")


def test_an_image_of_an_earlier_description_is_outdated_and_goes_with_its_name(cache: Cache) -> None:
    keep(cache)
    keep(cache, digest="0" * 16)
    images = Images(cache, "amd64")
    assert [one.state for one in images.listed() if one.name == "nginx"] == ["built", "outdated"]
    assert {one.state for one in images.remove("nginx:1.26")} == {"removed"}
    assert [one.state for one in images.listed() if one.name == "nginx"] == ["not built"]
    assert not list(cache.blobs.iterdir())
    with pytest.raises(ImageFault, match="no image nginx is in the cache"):
        images.remove("nginx")


def test_what_is_in_the_cache_already_is_not_made_again(cache: Cache) -> None:
    from hardway.images.operations import wishes

    keep(cache)
    told: list[str] = []
    (built,) = asyncio.run(Images(cache, "amd64").build(wishes(["nginx:1.25"]), lambda name, line: told.append(line)))
    assert "nginx:1.26.3 stands for it" in built.note
    assert not told
    with pytest.raises(ImageFault, match="stands for it") as caught:
        asyncio.run(Images(cache, "amd64").build(wishes(["nginx:1.25"]), lambda name, line: None, exact=True))
    assert caught.value.bad_input


def test_the_parts_of_an_archive_are_what_its_manifest_says(cache: Cache) -> None:
    keep(cache)
    (kept,) = shelf.kept(cache)
    config, layer = kept.contents.parts
    with part(kept.archive, layer) as stream:
        assert stream.read() == b"layer"
    assert config.size > layer.size == 5


def test_another_file_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no archive")
    with pytest.raises(ImageFault, match="no image that was made here"):
        contents(tmp_path / "x")


def test_the_package_of_the_version_must_be_in_the_image() -> None:
    with pytest.raises(ImageFault, match="nginx is not in the image"):
        labels_of(catalogue.description("nginx"), {"libc6": "2.41"})


async def test_without_a_registry_there_is_no_way(tmp_path: Path) -> None:
    with pytest.raises(ImageFault, match="no registry to push to") as caught:
        require_registry(Cluster(name="c"))
    assert caught.value.bad_input
    cluster = Cluster.model_validate({"name": "c", "registry": {"kind": "lab"}})

    async def nobody(machine: str) -> None:
        return None

    with pytest.raises(ImageFault, match="hardway-lb-0 is not there yet"):
        async with way(cluster, nobody, lambda ref: None):
            pass
