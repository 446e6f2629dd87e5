"""How the rooms are put together: a cluster's state is made when it is needed, and held against a second run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardway import app
from hardway.app.lab import Lab
from hardway.cli.doors import Report
from hardway.state.directory import StateDirectory, open_state
from hardway.state.lock import Locked, locked


class Refusal(Exception):
    """Something that is found to be wrong before anything is made."""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    spec = tmp_path / "cluster.yaml"
    spec.write_text("apiVersion: hardway/v1\nkind: Cluster\nname: demo\n")
    return spec


@pytest.fixture
def state(spec: Path) -> StateDirectory:
    return open_state(spec, "demo")


async def test_what_is_refused_at_once_leaves_no_state(spec: Path) -> None:
    with pytest.raises(Refusal):
        async with app.open_world(spec, locked=True, command="up") as world:
            assert world.state.path.is_dir()
            raise Refusal
    assert [path.name for path in spec.parent.iterdir()] == ["cluster.yaml"]


async def test_a_state_with_something_in_it_stays(spec: Path) -> None:
    async with app.open_world(spec, locked=True, command="up") as world:
        world.state.remember("{}")
    async with app.open_world(spec, locked=True, command="up") as again:
        assert again.state == world.state
    assert again.state.applied() == "{}"


async def test_a_state_that_was_taken_away_meanwhile_is_no_fault(spec: Path) -> None:
    async with app.open_world(spec, locked=True, command="down") as world:
        world.state.remove()
    assert [path.name for path in spec.parent.iterdir()] == ["cluster.yaml"]


@pytest.mark.parametrize("verb", [Lab().up, Lab().down], ids=["up", "down"])
async def test_a_lab_is_neither_made_nor_taken_away_under_a_run(
    verb: Callable[[Path, Report], Awaitable[object]], spec: Path, state: StateDirectory
) -> None:
    with locked(state.lock, "up", datetime.now(UTC)), pytest.raises(Locked, match="in use by up"):
        await verb(spec, lambda about, line: None)
