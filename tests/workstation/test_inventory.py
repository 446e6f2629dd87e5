"""What was there before comes back: whole, or where others have changed it since by our own part alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardway.state.faults import StateFault
from hardway.workstation.inventory import FILE, Inventory
from hardway.workstation.keeping import kept


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def names(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if ".state" not in str(path))


def again(home: Path) -> Inventory:
    """As the next process finds it."""
    with kept(home / ".state/w", "test", locked=False) as (_, inventory):
        return inventory


@pytest.fixture
def inventory(home: Path) -> Inventory:
    with kept(home / ".state/w", "test", locked=True) as (_, inventory):
        inventory.record("a", {})
        return inventory


def test_a_file_comes_back_with_its_mode(home: Path, inventory: Inventory) -> None:
    path = home / "f"
    path.write_bytes(b"\xff\x00")
    path.chmod(0o640)
    inventory.put(path, b"new", 0o755)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o755)
    inventory = again(home)
    assert inventory.untouched(path)
    inventory.restore(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"\xff\x00", 0o640)
    assert not again(home).as_left(path)


def test_a_link_comes_back_and_what_it_leads_to_is_not_written(home: Path, inventory: Inventory) -> None:
    (home / "target").write_text("theirs")
    path = home / "l"
    path.symlink_to("target")
    inventory.put(path, b"new", 0o755)
    assert (home / "target").read_text() == "theirs"
    inventory.restore(path)
    assert str(path.readlink()) == "target"


def test_nothing_comes_back_and_folders_go_but_those_with_something_in_them(home: Path, inventory: Inventory) -> None:
    inventory.put(home / "a/b/f", b"x", 0o644)
    inventory.put_link(home / "a/l", "/nowhere")
    (home / "a/theirs").write_text("")
    inventory.restore(home / "a/b/f")
    inventory.restore(home / "a/l")
    assert names(home) == ["a", "a/theirs"]
    (home / "a/theirs").unlink()
    inventory.remove_empty_parents()
    assert names(home) == []


def test_what_others_have_changed_is_not_as_we_left_it_ever_again(home: Path, inventory: Inventory) -> None:
    path = home / "f"
    path.write_text("before")
    inventory.put(path, b"ours")
    path.write_text("theirs")
    assert not inventory.untouched(path)
    inventory.put(path, b"ours again")
    assert not inventory.untouched(path)
    assert inventory.as_left(path)


def test_cut_off_before_the_change_the_next_run_still_knows_what_was_there(
    home: Path, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / "f"
    path.write_text("before")

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr("hardway.workstation.inventory.put", power_cut)
        inventory.put(path, b"ours")
    assert path.read_text() == "before"
    inventory = again(home)
    inventory.put(path, b"ours")
    inventory.restore(path)
    assert path.read_text() == "before"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', '{"format": "hardway-workstation/v1"}'])
def test_an_inventory_that_cannot_be_read_is_told(text: str, home: Path, inventory: Inventory) -> None:
    (home / ".state/w" / FILE).write_text(text)
    with pytest.raises(StateFault, match="cannot be read"):
        again(home)


def test_where_nothing_was_recorded_no_trace_is_left(home: Path) -> None:
    with kept(home / ".state/x/w", "test", locked=True):
        assert (home / ".state/x/w").is_dir()
    assert not (home / ".state/x").exists()
