"""An image made here is a proper OCI layout, and the same to the last byte each time."""

from __future__ import annotations

import json
import os
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hardway.catalog.programs import IMAGES
from hardway.sources import images

RECIPE = IMAGES["image-flannel"]


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, str]:
    return make(tmp_path, "one")


def make(folder: Path, name: str) -> tuple[Path, str]:
    work = folder / name
    work.mkdir()
    (work / "program").write_bytes(b"\x7fELF flanneld")
    return images.make(work / "program", RECIPE, "0.28.4", "amd64", work)


def content(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as opened:
        stream = opened.extractfile(name)
        assert stream is not None
        with stream:
            return stream.read()


def blob(archive: Path, digest: str) -> bytes:
    data = content(archive, f"blobs/sha256/{digest.removeprefix('sha256:')}")
    assert f"sha256:{sha256(data).hexdigest()}" == digest
    return data


def test_every_part_is_there_under_its_own_digest(made: tuple[Path, str]) -> None:
    archive, digest = made
    assert json.loads(content(archive, "oci-layout")) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads(content(archive, "index.json"))["manifests"]
    assert entry["digest"] == digest
    assert entry["annotations"]["io.containerd.image.name"] == "ghcr.io/flannel-io/flannel:v0.28.4"
    manifest: dict[str, Any] = json.loads(blob(archive, digest))
    assert entry["size"] == len(blob(archive, digest))
    for part in (manifest["config"], *manifest["layers"]):
        assert part["size"] == len(blob(archive, part["digest"]))


def test_the_configuration_says_how_to_run_it(made: tuple[Path, str]) -> None:
    archive, digest = made
    manifest = json.loads(blob(archive, digest))
    config = json.loads(blob(archive, manifest["config"]["digest"]))
    assert config["config"]["Entrypoint"] == ["/opt/bin/flanneld"]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]


def test_the_layer_holds_the_program_alone(made: tuple[Path, str], tmp_path: Path) -> None:
    archive, digest = made
    layer = tmp_path / "layer"
    layer.write_bytes(blob(archive, json.loads(blob(archive, digest))["layers"][0]["digest"]))
    with tarfile.open(layer) as opened:
        members = {member.name: (member.mode, member.uid, member.mtime, member.isdir()) for member in opened}
        assert members == {
            "opt": (0o755, 0, 0, True),
            "opt/bin": (0o755, 0, 0, True),
            "opt/bin/flanneld": (0o755, 0, 0, False),
        }
    assert content(layer, "opt/bin/flanneld") == b"\x7fELF flanneld"


def test_the_same_program_makes_the_same_image(made: tuple[Path, str], tmp_path: Path) -> None:
    os.umask(os.umask(0o077) & 0o777)
    again, digest = make(tmp_path, "two")
    assert digest == made[1]
    assert again.read_bytes() == made[0].read_bytes()


def test_another_user_is_another_image(made: tuple[Path, str], tmp_path: Path) -> None:
    work = tmp_path / "user"
    work.mkdir()
    (work / "program").write_bytes(b"\x7fELF flanneld")
    _, digest = images.make(work / "program", replace(RECIPE, user="1"), "0.28.4", "amd64", work)
    assert digest != made[1]
