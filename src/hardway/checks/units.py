"""Units: every program of the cluster runs under systemd."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from hardway.checks.check import Finding, Wrong, check, count, judged, troubles
from hardway.checks.scene import Scene
from hardway.resources.base import Chapter
from hardway.resources.host import Unit


@check("units", "every systemd unit of the cluster is active on its machine", Chapter.OS, after=("machines",))
async def units(scene: Scene) -> Finding:
    wanted = {one.name: _wanted(scene, one.name) for one in scene.cluster.all_machines}
    found = await troubles({name: _all_active(scene, name, names) for name, names in wanted.items() if names})
    number = sum(len(names) for names in wanted.values())
    return judged(found, f"{count(number, 'unit')} on {count(len(wanted), 'machine')} are active")


def _wanted(scene: Scene, machine: str) -> tuple[str, ...]:
    return tuple(one.unit for one in scene.subject.resources(Unit, machine))


async def _all_active(scene: Scene, machine: str, names: Sequence[str]) -> None:
    properties = "Id,LoadState,ActiveState,SubState,Result"
    shown = await scene.run(machine, f"systemctl show --property={properties} -- {' '.join(map(quote, names))}\n")
    wrong = not_active(shown, names)
    if wrong:
        raise Wrong(", ".join(wrong))


def not_active(shown: str, names: Sequence[str]) -> list[str]:
    """The units that are not active, with what they are instead; `shown` is what `systemctl show` printed. Pure."""
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")]
    found = {block["Id"]: block for block in blocks if "Id" in block}
    return [f"{name} is {_state(found.get(name, {}))}" for name in names if not _is_active(found.get(name, {}))]


def _is_active(block: dict[str, str]) -> bool:
    return block.get("ActiveState") == "active"


def _state(block: dict[str, str]) -> str:
    if block.get("LoadState", "not-found") == "not-found":
        return "not installed"
    result = block.get("Result", "success")
    state = f"{block.get('ActiveState', 'unknown')} ({block.get('SubState', '')})"
    return state if result == "success" else f"{state}, {result}"
