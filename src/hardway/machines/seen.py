"""What an observation of a machine says of each resource, in the resource's own words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import PurePosixPath
from typing import Final

from hardway.machines.inventory import PACKAGE, Entry
from hardway.machines.observation import Observation, PathSeen
from hardway.resources.base import Chapter, Content, Resource, Seen
from hardway.resources.host import (
    Directory,
    File,
    HostName,
    Image,
    KernelModule,
    KernelSetting,
    Packages,
    Program,
    Reboot,
    SwapOff,
    SystemUser,
    Unit,
    UnitOff,
)

Attributes = Mapping[str, str]
Look = Callable[[Resource, Observation], Attributes]

ENABLED: Final = frozenset({"enabled", "static", "alias", "generated", "indirect"})
"""States of a unit's file in which it starts at boot, or has no say in it (systemctl(1), is-enabled)."""

OFF: Final = frozenset({"inactive", "failed", ""})

PATHS: Final = ("file", "program", "directory")
"""Kinds of which one may take another's path over: it is ours all the same, and the script that takes it says so."""

REMEMBERED: Final = frozenset({"chapter", "was", "data", "unit", "blob"})
"""Attributes of an inventory's entry that say what it takes to remove the thing."""


def seen_on(observation: Observation, resources: Sequence[Resource], machine: str, data: bool) -> Mapping[str, Seen]:
    """What is in each resource's place, and what is owned without being among them.

    Directories that hold data are not called owned unless `data`, so that nothing plans to remove them.
    """
    taken = frozenset(one.name for one in resources if one.kind in PATHS)
    wanted = {one.id: _seen(one, observation, data) for one in resources}
    known = (entry for entry in observation.owned.values() if entry.kind in _LOOKS)
    others = (entry for entry in known if entry.kind not in PATHS or entry.name not in taken)
    removable = {f"{one.kind}:{machine}:{one.name}": one for one in others if data or "data" not in one.attributes}
    packages = frozenset(name for one in resources if isinstance(one, Packages) for name in one.names)
    rest = {
        one: Seen(one, {"chapter": Chapter.OS.value, **_kept(entry, observation, packages)}, owned=True)
        for one, entry in removable.items()
        if one not in wanted
    }
    return {**rest, **wanted}


def _seen(resource: Resource, observation: Observation, data: bool) -> Seen:
    found = _LOOKS[resource.kind](resource, observation)
    entry = observation.owned.get((resource.kind, resource.name))
    if entry is None:
        kinds = PATHS if resource.kind in PATHS else ()
        return Seen(resource.id, found, owned=any((kind, resource.name) in observation.owned for kind in kinds))
    kept = _kept(entry, observation)
    return Seen(resource.id, {**kept, **found} if found else {}, owned=data or "data" not in kept)


def _kept(entry: Entry, observation: Observation, wanted_packages: Set[str] = frozenset()) -> Attributes:
    kept = {key: value for key, value in entry.attributes.items() if key in REMEMBERED}
    if entry.kind != Packages.kind:
        return kept
    ours = [name for name in entry.name.split("+") if (PACKAGE, name) in observation.owned]
    return {**kept, "was": " ".join(name for name in ours if name not in wanted_packages)}


def unhashed(observation: Observation, resources: Sequence[Resource]) -> tuple[str, ...]:
    """Paths of programs whose hash nobody vouches for: no link into the cache, and written to since we laid them."""
    programs = (one for one in resources if isinstance(one, Program))
    return tuple(one.path for one in programs if one.path in observation.beneath and not _vouched(one, observation))


def _vouched(program: Program, observation: Observation) -> str | None:
    """The hash of a program without reading it: by the name of the blob it links to, or by its signature."""
    path = observation.paths[program.path]
    if path.target is not None:
        name = PurePosixPath(path.target).name
        return name if len(name) == 64 and "/blobs/" in path.target else None
    entry = observation.owned.get(("program", program.path))
    recorded, _, signature = (entry.attributes.get("signature", "") if entry else "").partition(":")
    return recorded if signature == path.signature else None


def _program(resource: Resource, observation: Observation) -> Attributes:
    assert isinstance(resource, Program)
    beneath = observation.beneath.get(resource.path)
    if beneath is None:
        return {}
    sha256 = _vouched(resource, observation) or observation.hashes.get(resource.path, "")
    executable = int(beneath.mode, 8) & 0o555 == 0o555
    linked = observation.paths[resource.path].target is not None
    return {"sha256": sha256, "mode": "0755" if linked and executable else beneath.mode}


def _file(resource: Resource, observation: Observation) -> Attributes:
    assert isinstance(resource, File)
    path = observation.paths.get(resource.path)
    if path is None:
        return {}
    regular = path.type.startswith("regular")
    sha256 = observation.hashes.get(resource.path, "") if regular else f"(a {path.type})"
    return {"sha256": sha256, **_owner_and_mode(path)}


def _owner_and_mode(path: PathSeen) -> Attributes:
    return {"owner": path.owner, "mode": path.mode}


def _directory(resource: Resource, observation: Observation) -> Attributes:
    assert isinstance(resource, Directory)
    path = observation.beneath.get(resource.path)
    if path is None:
        return {}
    return _owner_and_mode(path) if path.type == "directory" else {"owner": f"(a {path.type})", "mode": path.mode}


def _user(resource: Resource, observation: Observation) -> Attributes:
    return {"exists": "yes"} if resource.name in observation.users else {}


def _unit(resource: Resource, observation: Observation) -> Attributes:
    unit = observation.units.get(resource.name)
    if unit is None or unit.load == "not-found":
        return {}
    return {
        "enabled": "yes" if unit.enabled in ENABLED else "no",
        "active": "yes" if unit.active in {"active", "reloading", "refreshing"} else "no",
        "inputs": observation.started.get(resource.name, ""),
    }


def _unit_off(resource: Resource, observation: Observation) -> Attributes:
    unit = observation.units.get(resource.name)
    if unit is None or (unit.load in {"not-found", "masked"} and unit.active in OFF):
        return {"off": "yes"}
    return {"off": "no", "state": f"{unit.enabled} {unit.active}"}


def _setting(resource: Resource, observation: Observation) -> Attributes:
    assert isinstance(resource, KernelSetting)
    value = observation.settings.get(resource.key)
    if value is None:
        return {}
    return {"value": resource.value if value.split() == resource.value.split() else value}


def _module(resource: Resource, observation: Observation) -> Attributes:
    return {"loaded": "yes"} if resource.name in observation.modules else {}


def _hostname(resource: Resource, observation: Observation) -> Attributes:
    if observation.hostname == observation.static_hostname:
        return {"hostname": observation.hostname}
    static = observation.static_hostname or "not set"
    return {"hostname": f"{observation.hostname} (after a reboot: {static})", "static": observation.static_hostname}


def _swap(resource: Resource, observation: Observation) -> Attributes:
    return {"swap": "on" if observation.swap and not observation.facts.container else "off"}


def _reboot(resource: Resource, observation: Observation) -> Attributes:
    return {"due": "yes" if observation.reboot else "no"}


def _packages(resource: Resource, observation: Observation) -> Attributes:
    assert isinstance(resource, Packages)
    missing = [name for name in resource.names if name not in observation.packages]
    return {"missing": " ".join(missing) or "none"}


def _image(resource: Resource, observation: Observation) -> Attributes:
    """A docker archive gets another digest when it is imported: the entry says which one became which."""
    there = observation.images.get(resource.name)
    if there is None:
        return {}
    entry = observation.owned.get(("image", resource.name))
    attributes = entry.attributes if entry else {}
    return {"digest": attributes["digest"] if attributes.get("target") == there else there}


_LOOKS: Final[Mapping[str, Look]] = {
    SystemUser.kind: _user,
    Directory.kind: _directory,
    File.kind: _file,
    Program.kind: _program,
    Image.kind: _image,
    Packages.kind: _packages,
    KernelSetting.kind: _setting,
    KernelModule.kind: _module,
    HostName.kind: _hostname,
    SwapOff.kind: _swap,
    Reboot.kind: _reboot,
    Unit.kind: _unit,
    UnitOff.kind: _unit_off,
}

KINDS: Final = tuple(_LOOKS)


def to_remove(seen: Seen) -> Resource:
    """The resource to remove, from what is recorded of it. ValueError for a kind that is not of machines."""
    kind, machine, name = seen.id.split(":", 2)
    if kind not in _LOOKS:
        raise ValueError(f"no resource of machines: {seen.id}")
    chapter = Chapter(seen.attributes.get("chapter", Chapter.OS.value))
    return _made_up(kind, machine, name, chapter, seen.attributes)


def _made_up(kind: str, machine: str, name: str, chapter: Chapter, kept: Attributes) -> Resource:
    match kind:
        case "user":
            return SystemUser(chapter=chapter, machine=machine, user=name)
        case "directory":
            return Directory(chapter=chapter, machine=machine, path=name, data="data" in kept)
        case "file":
            return File(chapter=chapter, machine=machine, path=name, content=Content(()))
        case "program":
            return Program(chapter=chapter, machine=machine, path=name, blob=kept.get("blob", ""))
        case "image":
            blob, unit = kept.get("blob", ""), kept.get("unit", "")
            return Image(chapter=chapter, machine=machine, reference=name, blob=blob, unit=unit)
        case "packages":
            return Packages(chapter=chapter, machine=machine, names=tuple(name.split("+")))
        case "unit":
            return Unit(chapter=chapter, machine=machine, unit=name)
    return _made_up_setting(kind, machine, name, chapter)


def _made_up_setting(kind: str, machine: str, name: str, chapter: Chapter) -> Resource:
    match kind:
        case "sysctl":
            return KernelSetting(chapter=chapter, machine=machine, key=name, value="")
        case "module":
            return KernelModule(chapter=chapter, machine=machine, module=name)
        case "hostname":
            return HostName(chapter=chapter, machine=machine, hostname="")
        case "swap":
            return SwapOff(chapter=chapter, machine=machine)
    return UnitOff(chapter=chapter, machine=machine, unit=name)
