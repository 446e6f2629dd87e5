"""backup and restore with the real tar, find and shell: what comes back is what was there, or nothing is changed."""

from __future__ import annotations

import io
import json
import os
import socket
import stat
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from hardway.operations.world import World
from hardway.volumes import listing, operations, scripts
from hardway.volumes.archive import describe, description_of
from hardway.volumes.faults import VolumeFault
from hardway.volumes.operations import Saved, backup, restore
from tests.volumes.worker import Api, LocalShell, opening, pod, world_of

pytestmark = pytest.mark.root


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    folder = tmp_path / "volumes of w0"
    folder.mkdir()
    api = Api(folder)
    for module in (listing, scripts):
        monkeypatch.setattr(module, "VOLUMES", str(folder))
    monkeypatch.setattr(operations, "_api", opening(api))
    return api


@pytest.fixture
def shell() -> LocalShell:
    return LocalShell()


@pytest.fixture
def world(shell: LocalShell) -> World:
    return world_of(shell)


@pytest.fixture
def data(api: Api) -> Path:
    """A volume with all that a file system has."""
    path = api.provide("default", "data")
    (path / "a folder").mkdir(mode=0o700)
    (path / "a folder/new\nline").write_bytes(os.urandom(700_000))
    os.chown(path / "a folder", 999, 998)
    (path / "empty").touch(mode=0o640)
    os.link(path / "empty", path / "the same")
    (path / "link").symlink_to("/etc/passwd")
    os.setxattr(path / "empty", "user.colour", b"blue")
    with (path / "sparse").open("wb") as file:
        file.truncate(50_000_000)
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(path)
        listener.bind("mysql.sock")
    os.chdir("/")
    return path


def quiet(about: str, line: str) -> None:
    """Nobody listens."""


def whole(path: Path) -> dict[str, tuple[object, ...]]:
    """Names, modes, owners, links, content; but for sockets."""
    found: dict[str, tuple[object, ...]] = {}
    for one in [path, *sorted(path.rglob("*"))]:
        status = one.lstat()
        if stat.S_ISSOCK(status.st_mode):
            continue
        content = str(one.readlink()) if one.is_symlink() else one.read_bytes() if one.is_file() else ""
        found[str(one.relative_to(path))] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


async def saved(world: World, tmp_path: Path, **more: bool) -> Saved:
    folder = tmp_path / "copies"
    folder.mkdir(exist_ok=True)
    return await backup(world, "default/data", folder, live=more.get("live", False), report=quiet)


async def test_what_comes_back_is_what_was_there(world: World, api: Api, data: Path, tmp_path: Path) -> None:
    before = whole(data)
    made = await saved(world, tmp_path)
    assert made.description.consistent
    assert made.description.files == 4
    assert (
        stat.S_IMODE(made.archive.stat().st_mode) == stat.S_IMODE(description_of(made.archive).stat().st_mode) == 0o600
    )
    assert made.archive.stat().st_size < 2_000_000
    (data / "a folder/new\nline").unlink()
    (data / "later").touch()
    with pytest.raises(VolumeFault, match="is not empty"):
        await restore(world, made.archive, None, node=None, replace=False, report=quiet)
    assert (data / "later").exists()
    await restore(world, made.archive, None, node=None, replace=True, report=quiet)
    assert whole(data) == before
    assert os.getxattr(data / "empty", "user.colour") == b"blue"
    assert (data / "empty").stat().st_nlink == 2
    assert (data / "sparse").stat().st_blocks < 1000
    assert [path.name for path in api.folder.iterdir()] == [data.name]


async def test_into_a_claim_that_is_made_for_it(world: World, api: Api, data: Path, tmp_path: Path) -> None:
    made = await saved(world, tmp_path)
    volume = await restore(world, made.archive, "default/second", node=None, replace=False, report=quiet)
    assert volume.node == "w0"
    assert whole(Path(volume.path)) == whole(data)


@pytest.mark.parametrize(
    ("claim", "node", "told"),
    [
        ("second", None, "names no claim"),
        ("default/a/b", None, "names no claim"),
        ("default/second", "w9", "there is no worker w9"),
        ("other/second", None, "cannot be made"),
    ],
)
async def test_a_claim_that_cannot_be_made_is_told(
    claim: str, node: str | None, told: str, world: World, data: Path, tmp_path: Path
) -> None:
    made = await saved(world, tmp_path)
    with pytest.raises(VolumeFault, match=told):
        await restore(world, made.archive, claim, node=node, replace=False, report=quiet)


async def test_what_is_in_use_is_copied_only_when_asked_for(world: World, api: Api, data: Path, tmp_path: Path) -> None:
    api.objects["Pod"].append(pod("mysql-0", "data"))
    with pytest.raises(VolumeFault, match=r"in use by mysql-0") as fault:
        await saved(world, tmp_path)
    assert fault.value.bad_input
    assert list((tmp_path / "copies").iterdir()) == []
    made = await saved(world, tmp_path, live=True)
    assert not made.description.consistent
    assert [path.name for path in api.folder.iterdir()] == [data.name]
    with pytest.raises(VolumeFault, match=r"in use by mysql-0"):
        await restore(world, made.archive, None, node=None, replace=True, report=quiet)
    api.objects["Pod"].clear()
    before = whole(data)
    await restore(world, made.archive, None, node=None, replace=True, report=quiet)
    assert whole(data) == before


async def test_what_changes_meanwhile_is_no_copy(shell: LocalShell, world: World, data: Path, tmp_path: Path) -> None:
    def change(script: str) -> None:
        if "tar --create" in script:
            (data / "written meanwhile").touch()

    shell.before = change
    with pytest.raises(VolumeFault, match="changed while it was copied"):
        await saved(world, tmp_path)
    assert list((tmp_path / "copies").iterdir()) == []


def cut_short(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-100])


def altered(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(bytes(content))


def undescribed(archive: Path) -> None:
    description_of(archive).unlink()


def described_otherwise(archive: Path) -> None:
    path = description_of(archive)
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": "0" * 64}))


def described_by_nonsense(archive: Path) -> None:
    description_of(archive).write_text('{"format": "hardway-volume/v1", "digest": "$(reboot)"}')


@pytest.mark.parametrize("harm", [cut_short, altered, undescribed, described_otherwise, described_by_nonsense])
async def test_an_archive_that_is_not_whole_changes_nothing(
    harm: Callable[[Path], None], world: World, api: Api, data: Path, tmp_path: Path
) -> None:
    made = await saved(world, tmp_path)
    harm(made.archive)
    before = whole(data)
    with pytest.raises(VolumeFault):
        await restore(world, made.archive, None, node=None, replace=True, report=quiet)
    assert whole(data) == before
    assert [path.name for path in api.folder.iterdir()] == [data.name]


async def test_cut_off_between_the_last_two_steps_the_next_restore_finds_the_volume(
    world: World, api: Api, data: Path, tmp_path: Path
) -> None:
    made = await saved(world, tmp_path)
    before = whole(data)
    data.rename(api.folder / f".replaced-{data.name}")
    await restore(world, made.archive, None, node=None, replace=True, report=quiet)
    assert whole(data) == before


async def test_an_archive_cannot_write_beside_its_volume(world: World, api: Api, data: Path, tmp_path: Path) -> None:
    """Names that lead out, and a link to follow: GNU tar takes neither."""
    made = await saved(world, tmp_path)
    with tarfile.open(made.archive, "w:gz") as archive:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        for name in ("../escaped", "out/escaped", f"{tmp_path}/escaped"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
    path = description_of(made.archive)
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "sha256": sha256(made.archive.read_bytes()).hexdigest()})
    )
    assert describe(made.archive)
    with pytest.raises(VolumeFault):
        await restore(world, made.archive, None, node=None, replace=True, report=quiet)
    assert not (tmp_path / "escaped").exists()
    assert not (api.folder / "escaped").exists()
