"""The state directory: private, one cluster's own, found again; what is strange is refused and left as it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardway.state.directory import existing_state, open_state
from hardway.state.faults import StateFault

Alter = Callable[[Path], None]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0, 0o777], ids=["open", "closed"])
def extreme_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("extreme_umask")
def test_all_of_it_is_for_the_owner_alone_whatever_the_umask(spec: Path) -> None:
    state = open_state(spec, "c")
    state.write("kubeconfigs/admin.kubeconfig", b"secret")
    state.remember("{}")
    found = {str(path.relative_to(state.path.parent)): mode(path) for path in state.path.parent.rglob("*")}
    assert found == {
        ".gitignore": 0o600,
        "c": 0o700,
        "c/cluster.json": 0o600,
        "c/applied.json": 0o600,
        "c/kubeconfigs": 0o700,
        "c/kubeconfigs/admin.kubeconfig": 0o600,
    }
    assert mode(state.path.parent) == 0o700


def test_nothing_of_it_goes_into_a_repository(spec: Path) -> None:
    assert (open_state(spec, "c").path.parent / ".gitignore").read_text() == "*\n"


def test_a_cluster_keeps_its_id(spec: Path) -> None:
    first = open_state(spec, "c")
    assert open_state(spec, "c") == first == existing_state(spec, "c")
    assert open_state(spec, "d").cluster_id != first.cluster_id


def test_looking_makes_nothing(spec: Path) -> None:
    assert existing_state(spec, "c") is None
    assert list(spec.parent.iterdir()) == []


def test_a_first_opening_that_was_cut_off_is_begun_anew(spec: Path) -> None:
    path = open_state(spec, "c").path
    (path / "cluster.json").rename(path / ".cluster.json.new")
    assert existing_state(spec, "c") is None
    assert open_state(spec, "c") == existing_state(spec, "c")
    assert sorted(entry.name for entry in path.iterdir()) == ["cluster.json"]


def test_files_come_back_as_they_were_written(spec: Path) -> None:
    state = open_state(spec, "c")
    assert state.read("a/b") is None
    state.write("a/b", b"\0\xff")
    state.write("a/b", b"again")
    assert state.read("a/b") == b"again"
    state.delete("a/b")
    state.delete("a/b")
    assert sorted(entry.name for entry in state.path.iterdir()) == ["cluster.json"]


def test_the_spec_that_was_applied_last_is_remembered(spec: Path) -> None:
    state = open_state(spec, "c")
    assert state.applied() is None
    state.remember('{"name": "c"}\n')
    assert state.applied() == '{"name": "c"}\n'


@pytest.mark.parametrize("content", [b"", b'{"name": ', b"\xff"])
def test_a_remembered_spec_that_is_damaged_is_told(spec: Path, content: bytes) -> None:
    state = open_state(spec, "c")
    state.remember("{}")
    (state.path / "applied.json").write_bytes(content)
    with pytest.raises(StateFault, match=r"applied.json cannot be read\nit was altered"):
        state.applied()


HOSTILE_PATHS = (
    "", ".", "..", "/etc/passwd", "../other/x", "a/../../x", "a//b", "a/", "./a", "a\0b", "cluster.json",
    "applied.json", "vault.sqlite", "vault.sqlite-journal", "journal.sqlite-wal", "lock", ".hidden", "a/.hidden",
)  # fmt: skip


@pytest.mark.parametrize("relative", HOSTILE_PATHS)
def test_a_path_that_leads_out_or_onto_hardway_s_own_is_refused(spec: Path, relative: str) -> None:
    state = open_state(spec, "c")
    before = (state.path / "cluster.json").read_bytes()
    uses: list[Callable[[str], object]] = [state.file, state.read, state.delete, lambda one: state.write(one, b"x")]
    for use in uses:
        with pytest.raises(StateFault):
            use(relative)
    assert (state.path / "cluster.json").read_bytes() == before


def loosen(path: Path) -> None:
    path.chmod(0o755 if path.is_dir() else 0o644)


def link(path: Path) -> None:
    elsewhere = path.parent.parent / f"elsewhere-{path.name}"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def give_away(path: Path) -> None:
    os.chown(path, 12345, 12345)


def replace(path: Path) -> None:
    """By a thing of another kind."""
    path.rename(path.with_name("was"))
    if path.with_name("was").is_dir():
        path.write_bytes(b"")
    else:
        path.mkdir(0o700)


STRANGE = {
    loosen: r"is open to other users \(mode 0(755|644)\)\nchmod 0(700|600) ",
    link: "is a symbolic link",
    replace: "is no (directory|plain file)",
}


@pytest.mark.parametrize("part", [".", "cluster.json", "vault.sqlite", "applied.json", "lock"])
@pytest.mark.parametrize(("alter", "said"), STRANGE.items(), ids=[one.__name__ for one in STRANGE])
def test_what_is_loose_or_linked_is_refused_with_a_way_out(
    spec: Path, part: str, alter: Callable[[Path], None], said: str
) -> None:
    path = (open_state(spec, "c").path / part).absolute()
    if not path.exists():
        path.write_bytes(b"")
        path.chmod(0o600)
    alter(path)
    with pytest.raises(StateFault, match=said):
        open_state(spec, "c")


@pytest.mark.root
@pytest.mark.parametrize("part", [".", "cluster.json", "vault.sqlite"])
def test_what_belongs_to_somebody_else_is_refused(spec: Path, part: str) -> None:
    path = open_state(spec, "c").path / part
    path.touch(0o600)
    give_away(path)
    with pytest.raises(StateFault, match=r"belongs to user 12345, and this is user 0\n.*chown"):
        open_state(spec, "c")


def test_an_operator_s_file_that_became_a_link_is_not_followed(spec: Path, tmp_path: Path) -> None:
    state = open_state(spec, "c")
    outside = tmp_path / "outside"
    outside.write_bytes(b"theirs")
    outside.chmod(0o600)
    (state.path / "config").symlink_to(outside)
    with pytest.raises(StateFault, match="is a symbolic link"):
        state.read("config")
    state.write("config", b"ours")
    assert (outside.read_bytes(), state.read("config")) == (b"theirs", b"ours")


def test_a_directory_of_files_that_became_a_link_is_not_followed(spec: Path, tmp_path: Path) -> None:
    state = open_state(spec, "c")
    outside = tmp_path / "outside"
    outside.mkdir(0o700)
    (outside / "config").write_bytes(b"theirs")
    (state.path / "files").symlink_to(outside)
    with pytest.raises(StateFault, match="is a symbolic link"):
        state.write("files/config", b"ours")
    with pytest.raises(StateFault, match="is a symbolic link"):
        state.delete("files/config")
    assert (outside / "config").read_bytes() == b"theirs"


def test_the_state_of_another_cluster_is_refused(spec: Path) -> None:
    path = open_state(spec, "c").path
    path.rename(path.with_name("d"))
    with pytest.raises(StateFault, match=r"d is the state of another cluster, c\n.*put it back to .*/c"):
        open_state(spec, "d")


DAMAGED = (b"", b"{", b"[]", b'{"name": "c"}', b'{"name": "c", "id": "x"}', b'{"name": 1, "id": 2}', b"\xff")


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_identity_is_told(spec: Path, content: bytes) -> None:
    state = open_state(spec, "c")
    (state.path / "cluster.json").write_bytes(content)
    with pytest.raises(StateFault, match="does not say which cluster it is"):
        open_state(spec, "c")


def test_a_directory_without_identity_is_not_taken_over(spec: Path) -> None:
    state = open_state(spec, "c")
    state.write("admin.kubeconfig", b"x")
    (state.path / "cluster.json").unlink()
    with pytest.raises(StateFault, match=r"holds 'admin.kubeconfig' but no cluster.json"):
        open_state(spec, "c")
    assert (state.path / "admin.kubeconfig").read_bytes() == b"x"


def test_removal_leaves_nothing_and_spares_the_others(spec: Path) -> None:
    first, second = open_state(spec, "c"), open_state(spec, "d")
    first.write("a/b", b"x")
    first.remove()
    assert (existing_state(spec, "c"), existing_state(spec, "d")) == (None, second)
    second.remove()
    assert list(spec.parent.iterdir()) == []


def test_removal_does_not_go_through_links(spec: Path, tmp_path: Path) -> None:
    state = open_state(spec, "c")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (state.path / "link").symlink_to(outside)
    state.remove()
    assert (outside / "kept").exists()
    assert not state.path.exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateFault, match=r"cannot make .*: No such file or directory"):
        open_state(tmp_path / "none" / "cluster.yaml", "c")
