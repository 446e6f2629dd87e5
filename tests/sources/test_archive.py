"""Archives of strangers: only what was named comes out, and nothing anywhere else."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from hardway.sources import archive
from hardway.sources.faults import SourceFault


def tar(path: Path, *entries: tuple[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as opened:
        for name, content in entries:
            if isinstance(content, tarfile.TarInfo):
                opened.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                opened.addfile(info, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return name, info


@pytest.mark.parametrize("name", ["bin/etcd", "./bin/etcd", "bin//etcd"])
def test_the_named_member_comes_out(tmp_path: Path, name: str) -> None:
    made = tar(tmp_path / "a.tgz", ("README", b"x"), (name, b"etcd"), ("bin/other", b"y"))
    archive.extract(made, {"bin/etcd": tmp_path / "out"})
    assert (tmp_path / "out").read_bytes() == b"etcd"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tgz", "out"]


HOSTILE: dict[str, list[tuple[str, bytes | tarfile.TarInfo]]] = {
    "traversal": [("../bin/etcd", b"evil")],
    "absolute": [("/bin/etcd", b"evil")],
    "symlink": [link("bin/etcd", "/etc/shadow", tarfile.SYMTYPE)],
    "hard link": [link("bin/etcd", "/etc/shadow", tarfile.LNKTYPE)],
    "device": [link("bin/etcd", "", tarfile.CHRTYPE)],
    "missing": [("bin/other", b"x")],
    "too large": [("bin/etcd", b"x" * 2000)],
    "bomb before it": [("a", b"\0" * 5000), ("bin/etcd", b"x")],
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 1000)
    monkeypatch.setattr(archive, "TOTAL_LIMIT", 4000)
    folder = tmp_path / "work"
    folder.mkdir()
    made = tar(folder / "a.tgz", *HOSTILE[case])
    with pytest.raises(SourceFault):
        archive.extract(made, {"bin/etcd": folder / "out"})
    assert not (folder / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_a_cut_archive_is_a_clear_fault(tmp_path: Path, keep: int) -> None:
    made = tar(tmp_path / "a.tgz", ("bin/etcd", bytes(range(256)) * 40))
    made.write_bytes(made.read_bytes()[:keep])
    with pytest.raises(SourceFault, match=r"a\.tgz"):
        archive.extract(made, {"bin/etcd": tmp_path / "out"})
