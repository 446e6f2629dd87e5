"""A tree becomes an image's layer: what is laid stays inside the tree, and the archive is the same each time."""

from __future__ import annotations

import os
import tarfile
import time
from pathlib import Path

import pytest

from hardway.images.description import Description
from hardway.images.faults import ImageFault
from hardway.images.lay import inside, lay
from hardway.images.layer import write_layer
from hardway.images.packages import installed
from hardway.images.reading import load


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "etc").mkdir(parents=True)
    (made / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (made / "etc/group").write_text("root:x:0:\n")
    (made / "run").mkdir()
    (made / "var").mkdir()
    (made / "var/run").symlink_to("/run")
    (made / "var/up").symlink_to("../../../../etc")
    (made / "loop").symlink_to("loop")
    return made


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/etc/passwd", "etc/passwd"),
        ("/var/run/x", "run/x"),
        ("/var/up/x", "etc/x"),
        ("/var/run", "var/run"),
        ("/new/folder/x", "new/folder/x"),
    ],
)
def test_a_link_of_the_tree_never_leads_out_of_it(tree: Path, path: str, where: str) -> None:
    assert inside(tree, path) == tree / where


def test_links_in_a_circle_are_refused(tree: Path) -> None:
    with pytest.raises(ImageFault, match="too many symbolic links"):
        inside(tree, "/loop/x")


def described(folder: Path, more: str) -> Description:
    folder.mkdir(exist_ok=True)
    (folder / "content").write_text("content")
    (folder / "image.yaml").write_text(f"name: site\ntitle: t\npackages: [xx]\n{more}")
    return load(folder)


LAID = """\
users: [{name: web, number: 101, home: /srv}]
directories: [{path: /srv, mode: 01777}]
files: [{path: /var/run/x, source: content, mode: 0755}, {path: /etc/passwd-, source: content}]
links: [{path: /srv/x, target: /run/x}]
"""


@pytest.mark.root
def test_what_is_said_is_laid(tree: Path, tmp_path: Path) -> None:
    lay(tree, described(tmp_path / "image", LAID))
    assert (tree / "run/x").read_text() == "content"
    assert (tree / "run/x").stat().st_mode & 0o7777 == 0o755
    assert (tree / "srv").stat().st_mode & 0o7777 == 0o1777
    assert (tree / "srv/x").readlink() == Path("/run/x")
    assert (tree / "etc/passwd").read_text().splitlines()[1] == "web:x:101:101::/srv:/usr/sbin/nologin"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("users: [{name: root, number: 7, home: /root}]", "root .7. is in the image's passwd"),
        ("users: [{name: web, number: 0, home: /root}]", "web .0. is in the image's passwd"),
        ("removed: [/etc/nothing]", "there is no nothing to leave out"),
        ("files: [{path: /etc, source: content}]", "is a directory in the image"),
    ],
)
def test_what_cannot_be_laid_is_refused(tree: Path, tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(ImageFault, match=told):
        lay(tree, described(tmp_path / "image", more))


def filled(tree: Path) -> Path:
    """The same content, made in another order at another time."""
    for path in ("usr/bin/b", "usr/bin/a", "var/log/x.log", "run/pid", "etc/passwd-", "usr/lib/__pycache__/m.pyc"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(path)
    os.utime(tree / "usr/bin/a", (1_000_000, 1_000_000))
    os.link(tree / "usr/bin/a", tree / "usr/bin/same")
    os.mkfifo(tree / "usr/bin/pipe")
    return tree


def members(archive: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive) as opened:
        return {member.name: member for member in opened}


def test_a_layer_has_no_trace_of_its_making(tree: Path, tmp_path: Path) -> None:
    began = time.time() - 1
    write_layer(filled(tree), tmp_path / "layer.tar", began=began, keep=frozenset({"etc/passwd-"}))
    found = members(tmp_path / "layer.tar")
    assert list(found) == sorted(found, key=lambda name: name.split("/"))
    assert {"usr/bin/a", "usr/bin/b", "etc/passwd-", "var/run", "run"} <= found.keys()
    assert not {"var/log/x.log", "run/pid", "usr/lib/__pycache__", "usr/bin/pipe"} & found.keys()
    assert found["usr/bin/same"].islnk() and found["usr/bin/same"].linkname == "usr/bin/a"
    assert {member.mtime for member in found.values()} == {1_000_000}
    assert {member.uname for member in found.values()} == {""}


def test_the_same_tree_is_the_same_layer(tmp_path: Path) -> None:
    layers = []
    for number in range(2):
        tree = tmp_path / str(number)
        tree.mkdir()
        write_layer(filled(tree), tmp_path / f"{number}.tar", began=time.time() - 1)
        layers.append((tmp_path / f"{number}.tar").read_bytes())
    assert layers[0] == layers[1]


def test_packages_are_read_from_dpkg_s_status() -> None:
    first = "Package: b\nStatus: install ok installed\nDescription: x\n Version: none\nVersion: 1:2-3\n"
    status = f"{first}\nPackage: a\nVersion: 1\n"
    assert dict(installed(status)) == {"a": "1", "b": "1:2-3"}
    assert list(installed(status)) == ["a", "b"]
    assert not installed("")
